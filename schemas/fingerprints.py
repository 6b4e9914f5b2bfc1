#!/usr/bin/env python3
"""CRC-64-AVRO fingerprints of the schemas, as C constants: fingerprints.py OUT SCHEMA.avsc...

A schema's parsing canonical form (Avro 1.11, "Transforming into Parsing Canonical Form") leaves out what does not
change the bytes; its fingerprint stands at the head of every message. The codecs are written against one
fingerprint each and assert it, so that a schema and its codec cannot part unseen.
"""
import json
import pathlib
import sys

EMPTY = 0xC15D213AA4D7A795


def table():
    entries = []
    for i in range(256):
        value = i
        for _ in range(8):
            value = (value >> 1) ^ (EMPTY if value & 1 else 0)
        entries.append(value)
    return entries


TABLE = table()


def fingerprint(data):
    value = EMPTY
    for byte in data:
        value = (value >> 8) ^ TABLE[(value ^ byte) & 0xFF]
    return value


def canonical(schema, namespace):
    if isinstance(schema, list):
        return '[' + ','.join(canonical(s, namespace) for s in schema) + ']'
    if isinstance(schema, str):
        primitive = schema in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string')
        return json.dumps(schema if primitive or '.' in schema else f'{namespace}.{schema}')
    kind = schema['type']
    if kind == 'array':
        return '{"type":"array","items":' + canonical(schema['items'], namespace) + '}'
    if kind not in ('record', 'enum', 'fixed'):
        return canonical(kind, namespace)
    namespace = schema.get('namespace', namespace)
    parts = [f'"name":{json.dumps(namespace + "." + schema["name"])}', f'"type":{json.dumps(kind)}']
    if kind == 'record':
        fields = ('{"name":' + json.dumps(f['name']) + ',"type":' + canonical(f['type'], namespace) + '}'
                  for f in schema['fields'])
        parts.append('"fields":[' + ','.join(fields) + ']')
    elif kind == 'enum':
        parts.append('"symbols":' + json.dumps(schema['symbols'], separators=(',', ':')))
    else:
        parts.append(f'"size":{schema["size"]}')
    return '{' + ','.join(parts) + '}'


def check_docs(schema, path):
    """Every field says what it means."""
    if isinstance(schema, list):
        for branch in schema:
            check_docs(branch, path)
    if not isinstance(schema, dict):
        return
    for field in schema.get('fields', []):
        if not field.get('doc'):
            sys.exit(f'{path}: field {field["name"]} has no doc')
        check_docs(field['type'], path)
    for key in ('type', 'items'):
        check_docs(schema.get(key), path)


def main():
    out, *paths = sys.argv[1:]
    lines = ['/* Made from schemas/ by fingerprints.py. */', '#pragma once', '']
    for path in map(pathlib.Path, paths):
        schema = json.loads(path.read_text())
        check_docs(schema, path)
        value = fingerprint(canonical(schema, '').encode())
        lines.append(f'#define SCHEMA_{path.stem.upper()} 0x{value:016X}u')
    pathlib.Path(out).write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
