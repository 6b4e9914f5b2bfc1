#!/usr/bin/env python3
"""Schemas and codecs cannot part unseen: test_fingerprints.py ROOT CC..."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
COMPILER = sys.argv[2:]
sys.path.insert(0, str(ROOT / 'schemas'))
sys.dont_write_bytecode = True
import fingerprints  # noqa: E402

SCHEMAS = sorted((ROOT / 'schemas').glob('*.avsc'))
CODECS = sorted((ROOT / 'lib/codec').glob('*.[ch]'))
ASSERTION = re.compile(r'_Static_assert\(SCHEMA_(\w+) == (0x[0-9A-F]{16})u')
OTHER = {'long': 'int', 'int': 'long', 'string': 'bytes', 'bytes': 'string', 'boolean': 'int'}


def fingerprint(schema):
    return fingerprints.fingerprint(fingerprints.canonical(schema, '').encode())


def nodes(schema):
    """Every record, enum, fixed and array inside, itself included."""
    if isinstance(schema, list):
        for branch in schema:
            yield from nodes(branch)
    elif isinstance(schema, dict):
        yield schema
        for inner in [schema.get('items'), schema['type']] + [f['type'] for f in schema.get('fields', [])]:
            yield from nodes(inner)


def changed(schema):
    """Copies of the schema, each with one thing changed that changes the bytes or their meaning."""
    for i, node in enumerate(nodes(schema)):
        for j in range(len(node.get('fields', []))):
            other = copy.deepcopy(schema)
            field = list(nodes(other))[i]['fields'][j]
            field['name'] += 'x'
            yield f'{field["name"]} renamed', other
            other = copy.deepcopy(schema)
            fields = list(nodes(other))[i]['fields']
            if isinstance(fields[j]['type'], str) and fields[j]['type'] in OTHER:
                fields[j]['type'] = OTHER[fields[j]['type']]
                yield f'{fields[j]["name"]} of another type', other
            if j > 0:
                other = copy.deepcopy(schema)
                fields = list(nodes(other))[i]['fields']
                fields[j - 1], fields[j] = fields[j], fields[j - 1]
                yield f'{fields[j]["name"]} in another place', other
        for key, value in (('symbols', 'more'), ('size', 1)):
            if key in node:
                other = copy.deepcopy(schema)
                list(nodes(other))[i][key] += [value] if key == 'symbols' else value
                yield f'{node["name"]} with other {key}', other


class Fingerprints(unittest.TestCase):
    def test_they_are_those_of_the_specification(self):
        for name, value in (('null', 0x63DD24E7CC258F8A), ('int', 0x7275D51A3F395C8F),
                            ('long', 0xD054E14493F41DB7), ('string', 0x8F014872634503C7)):
            self.assertEqual(fingerprint(name), value)

    def test_the_canonical_form_has_full_names_and_nothing_that_does_not_change_bytes(self):
        schema = {'type': 'record', 'name': 'R', 'namespace': 'n', 'doc': 'd', 'fields': [
            {'name': 'a', 'doc': 'd', 'type': {'type': 'fixed', 'name': 'F', 'size': 2}},
            {'name': 'b', 'doc': 'd', 'type': 'F'}]}
        self.assertEqual(fingerprints.canonical(schema, ''),
                         '{"name":"n.R","type":"record","fields":[{"name":"a","type":{"name":"n.F","type":"fixed",'
                         '"size":2}},{"name":"b","type":"n.F"}]}')

    def test_any_change_of_a_field_changes_them(self):
        for path in SCHEMAS:
            schema = json.loads(path.read_text())
            for what, other in changed(schema):
                self.assertNotEqual(fingerprint(schema), fingerprint(other), f'{path.name}: {what}')

    def test_every_schema_has_a_codec_that_asserts_it(self):
        asserted = dict(found for codec in CODECS for found in ASSERTION.findall(codec.read_text()))
        self.assertEqual(asserted, {path.stem.upper(): f'0x{fingerprint(json.loads(path.read_text())):016X}'
                                    for path in SCHEMAS})

    def test_a_field_without_doc_is_refused(self):
        for path in SCHEMAS:
            schema = json.loads(path.read_text())
            fingerprints.check_docs(schema, path)
            for node in nodes(schema):
                for field in node.get('fields', []):
                    doc = field.pop('doc')
                    with self.assertRaises(SystemExit):
                        fingerprints.check_docs(schema, path)
                    field['doc'] = doc


class Build(unittest.TestCase):
    def compile_all(self, alter=None):
        """What the compiler says of the codecs, by the schema that `alter` was given to, or of all."""
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / 'schemas'
            made.mkdir()
            paths = []
            for path in SCHEMAS:
                schema = json.loads(path.read_text())
                copied = made / path.name
                copied.write_text(json.dumps(alter(schema) if alter and path.stem == self.schema else schema))
                paths.append(str(copied))
            subprocess.run([sys.executable, str(ROOT / 'schemas/fingerprints.py'), str(made / 'fingerprints.h'),
                            *paths], check=True)
            return subprocess.run([*COMPILER, '-std=gnu17', '-D_GNU_SOURCE', '-fsyntax-only', f'-I{folder}',
                                   f'-I{ROOT}', *map(str, CODECS)], capture_output=True, text=True, check=False)

    def test_it_fails_when_a_field_changes_and_not_before(self):
        def rename_first(schema):
            schema['fields'][0]['name'] += 'x'
            return schema

        unchanged = self.compile_all()
        self.assertEqual(unchanged.returncode, 0, unchanged.stderr)
        for path in SCHEMAS:
            self.schema = path.stem
            broken = self.compile_all(rename_first)
            self.assertNotEqual(broken.returncode, 0)
            self.assertIn(f'schemas/{path.name}', broken.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
