#!/usr/bin/env python3
"""The house rules that a machine can keep (docs/STYLE.md): house.py CHECK... [--tree FOLDER]

Each check prints what breaks it, FILE:LINE where there is one, and the program ends with 1. tests/house_test.py
breaks each rule once and sees it found.
"""
import argparse
import collections
import os
import pathlib
import re
import sys

LINES_OF_FUNCTION, LINES_OF_FILE, PARAMETERS, NESTING = 70, 600, 6, 3

# Each layer of lib/ uses what stands before it; io and run stand side by side, and run may use io.
LAYERS = {'base': 0, 'domain': 1, 'codec': 2, 'port': 3, 'io': 4, 'run': 5}
PURE_LAYERS = ('base', 'domain', 'codec', 'port')
STAGES = ('collectors', 'aggregator', 'settler')

# Where a header that is not ours is included; nowhere else but in tests.
PLACES = {
    'gmp.h': 'lib/base/wide.c',
    'libpq-fe.h': 'lib/io/pg.h',
    'librdkafka/rdkafka.h': 'lib/io/kafka_handle.h',
    'microhttpd.h': 'lib/io/http.h',
    'openssl/sha.h': 'lib/base/digest.c',
    'simdjson.h': 'collectors/core/json.cc',
    'xxhash.h': 'lib/base/table.c',
    'yaml.h': 'lib/domain/yaml_tree.c',
    'zlib.h': 'collectors/core/inflater.c',
}
# What the C library and the system give; anything else that is not in PLACES has to be thought about.
SYSTEM = re.compile(r'^(arpa/inet|c?ctype|dirent|errno|fcntl|glob|inttypes|libgen|netdb|netinet/in|poll|pthread|pwd|setjmp|'
                    r'signal|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|strings?|sys/[a-z]+|sysexits|time|'
                    r'unistd)\.h$|^(cstdio|cstring|memory|new|string)$')

# Who reads a table by its home's reader, though of another stage (docs/DESIGN.md §7).
READERS = {
    'cli/explain.c': ('settler/store/pg/pg_store.h',),
    'cli/explain_line.h': ('settler/store/pg/history.h',),
}

# Callbacks whose parameters somebody else's header counts.
GIVEN_PARAMETERS = {
    'handle': 'libmicrohttpd',
}

# Pure modules without a test program of their own, and where they are tested.
TESTED_ELSEWHERE = {
    'lib/base/arena.c': 'every test of a container; sanitizers find what it does wrong',
    'lib/base/check.c': 'ends the process',
    'lib/base/digest.c': 'one call of libcrypto; test_codec_frame, test_pieces',
    'lib/base/names.c': 'test_sums, test_points',
    'lib/base/pack.c': 'test_codec_wire, test_pieces',
    'lib/base/slab.c': 'test_points',
    'lib/base/vec.c': 'every test of a container',
    'lib/base/version.c': 'prints a constant',
    'lib/codec/frame_names.c': 'test_codec_frame, test_codec_frame_refused',
    'lib/codec/json_text.c': 'test_json_out',
    'lib/codec/outcome.c': 'names of an enum',
    'lib/codec/rules.c': 'test_codec_usage, test_codec_frame',
    'lib/domain/catalog_build.c': 'test_catalog, test_catalog_refused',
    'lib/domain/currency.c': 'test_catalog',
    'lib/domain/record.c': 'test_codec_usage, test_accept',
    'lib/domain/rules.c': 'constants',
    'lib/domain/yaml_text.c': 'test_catalog_refused',
    'lib/domain/yaml_tree.c': 'test_catalog_refused',
    'lib/port/memory_flight.c': 'test_memory_log',
    'lib/port/memory_group.c': 'test_memory_log',
    'lib/port/memory_handle.c': 'test_memory_log',
    'lib/port/memory_topic.c': 'test_memory_log',
    'aggregator/core/base.c': 'test_base',
    'aggregator/core/clock.c': 'test_frames, test_live',
    'aggregator/core/control.c': 'test_controls',
    'aggregator/core/due.c': 'test_run',
    'aggregator/core/fold.c': 'test_frames, test_stops, test_live, test_pipeline',
    'aggregator/core/forget.c': 'test_leave',
    'aggregator/core/index.c': 'test_frames, test_live',
    'aggregator/core/invariants.c': 'ends the process; every test of the fold runs it',
    'aggregator/core/kept.c': 'test_part',
    'aggregator/core/levels.c': 'test_stops, test_live',
    'aggregator/core/rejects.c': 'test_controls, test_frames',
    'aggregator/core/snapshot.c': 'test_frames, test_pipeline: every epoch is restored',
    'aggregator/core/work.c': 'test_frames, test_run',
    'collectors/core/batch.c': 'test_simulate',
    'collectors/core/fields.c': 'test_accept, test_accept_records',
    'collectors/core/json_mend.c': 'test_accept',
    'collectors/core/keys.c': 'test_accept',
    'settler/core/book.c': 'test_settle',
    'settler/core/cover.c': 'test_settle, test_order',
    'settler/core/preview.c': 'test_settle, and the worked cases',
    'settler/core/work.c': 'test_settle, test_order',
}

# Public functions that no program calls, and why they stand.
CALLED_BY_TESTS_ALONE = {
    'catalog_grace_us': 'a policy of accounts (CONTRACT §6)',
    'fold_last_hash': 'tests compare chains',
    'metric_family_release': 'programs have theirs for good',
    'metrics_print_reference': 'prints docs/metrics.md (tests/docs/print_metrics.c)',
}


class Tree:
    """The C files of a folder, read once; build folders, .git and the like left out."""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.faults = []
        self.files = {}
        for folder, folders, names in os.walk(self.top):
            folders[:] = sorted(f for f in folders if not f.startswith(('build', '.')) and f != '__pycache__')
            for name in sorted(names):
                path = pathlib.Path(folder, name)
                if path.suffix in ('.c', '.h', '.cc'):
                    self.files[str(path.relative_to(self.top))] = path.read_text(encoding='utf-8')

    def fault(self, path, line, message):
        self.faults.append(f'{path}:{line}: {message}' if line else f'{path}: {message}')


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def bare(text, macros=False):
    """The text without comments and strings, and without preprocessor lines but for macros; of the same lines."""
    def blank(match):
        found = match.group(0)
        return re.sub(r'[^\n]', ' ', found) if found[0] != '"' else '"' + ' ' * (len(found) - 2) + '"'
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)
    return text if macros else re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', blank, text, flags=re.M)


def functions(text):
    """(name, parameters, line, body) of each function: its brace stands at the start of a line."""
    for match in re.finditer(r'^([a-z_][^;{}()=]*?\b)(\w+)\(([^{};]*)\)\n\{\n(.*?)^\}', text, flags=re.M | re.S):
        yield match.group(2), match.group(3), line_of(text, match.start()), match.group(4)


# --- sizes ---

def sizes(tree):
    for path, text in tree.files.items():
        count = text.count('\n')
        if count > LINES_OF_FILE:
            tree.fault(path, 0, f'{count} lines, at most {LINES_OF_FILE}')
        plain = bare(text)
        for name, parameters, line, body in functions(plain):
            lines = body.count('\n') + 2
            if lines > LINES_OF_FUNCTION:
                tree.fault(path, line, f'{name} has {lines} lines, at most {LINES_OF_FUNCTION}')
            given = count_parameters(parameters)
            if given > PARAMETERS and name not in GIVEN_PARAMETERS:
                tree.fault(path, line, f'{name} has {given} parameters, at most {PARAMETERS}')
            deep = nesting(body)
            if deep > NESTING:
                tree.fault(path, line, f'{name} is {deep} deep, at most {NESTING}')


def count_parameters(text):
    depth = commas = 0
    for c in text:
        depth += (c == '(') - (c == ')')
        commas += c == ',' and depth == 0
    return 0 if text.strip() in ('', 'void') else commas + 1


class Statements:
    """How deep loops and conditions lie in one another; an `else` stands beside its `if`."""

    def __init__(self, body):
        self.tokens = re.findall(r'\w+|[^\s\w]', body)
        self.at = 0
        self.deepest = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ''

    def skip_group(self):
        pairs = {'(': ')', '{': '}', '[': ']'}
        close = [pairs[self.tokens[self.at]]]
        self.at += 1
        while close and self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token in pairs:
                close.append(pairs[token])
            elif token == close[-1]:
                close.pop()
            self.at += 1

    def block(self, depth):
        while self.peek() not in ('', '}'):
            self.statement(depth)
        self.at += 1

    def inner(self, depth):
        self.deepest = max(self.deepest, depth)
        self.statement(depth)

    def statement(self, depth):
        token = self.peek()
        self.at += 1
        if token == '{':
            self.block(depth)
        elif token in ('if', 'for', 'while', 'switch'):
            self.skip_group()
            self.inner(depth + 1)
            if token == 'if' and self.peek() == 'else':
                self.at += 1
                self.statement(depth) if self.peek() == 'if' else self.inner(depth + 1)
        elif token == 'do':
            self.inner(depth + 1)
        elif token in ('case', 'default'):
            while self.peek() not in ('', ':'):
                self.at += 1
            self.at += 1
        elif token != ';':
            self.at -= 1
            while self.peek() not in ('', ';', '}'):
                if self.peek() in '({[':
                    self.skip_group()
                else:
                    self.at += 1
            self.at += self.peek() == ';'


def nesting(body):
    statements = Statements(body)
    while statements.peek():
        statements.statement(0)
    return statements.deepest


# --- includes ---

def place_of(path):
    """(stage, is pure, layer of lib or None) of a file."""
    parts = path.split('/')
    if parts[0] == 'lib':
        return 'lib', parts[1] in PURE_LAYERS, LAYERS.get(parts[1])
    return parts[0], parts[1] == 'core' or (parts[:2] == ['settler', 'store'] and len(parts) == 3), None


def why_not(path, header):
    """Why the file must not include the header, one of ours; None: it may."""
    stage, pure, layer = place_of(path)
    other, other_pure, other_layer = place_of(header)
    if stage == 'tests':
        return None
    if other == 'schemas':
        return None if layer in (None, LAYERS['codec'], LAYERS['io']) else 'only codecs know schemas/'
    if stage == 'lib':
        if other != 'lib':
            return 'lib/ knows no stage'
        return None if other_layer <= layer else 'a layer uses what stands before it'
    if pure and other == 'lib' and not other_pure:
        return 'a core does no IO'
    if other == 'lib':
        return None
    if stage == other:
        return 'a core knows nothing around it' if pure and not other_pure else None
    if stage == 'cli' and other in STAGES:
        return None if other_pure or header in READERS.get(path, ()) else 'cli includes cores only'
    return 'a stage includes lib/ and itself'


def includes(tree):
    for path, text in tree.files.items():
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text, flags=re.M):
            ours, header = match.group(1) == '"', match.group(2)
            line = line_of(text, match.start())
            if ours:
                if header not in tree.files and not header.startswith('schemas/'):
                    tree.fault(path, line, f'{header} is named from the top of the tree')
                elif why_not(path, header):
                    tree.fault(path, line, f'{header}: {why_not(path, header)}')
            elif header in PLACES:
                if path != PLACES[header] and not path.startswith('tests/'):
                    tree.fault(path, line, f'{header} is included in {PLACES[header]} alone')
            elif not SYSTEM.match(header) and not path.startswith('tests/'):
                tree.fault(path, line, f'{header} has no place yet: PLACES in tests/house.py')


def circles(tree):
    """A module is x.h and x.c: whoever uses one needs it whole, so modules must not use each other in a ring.

    A header without a .c is what the modules of a folder share: it is no module, and stands for what it includes.
    """
    direct = {path: {h for h in re.findall(r'^#include "([^"]+)"', text, flags=re.M) if h in tree.files}
              for path, text in tree.files.items()}
    modules = {path.rsplit('.', 1)[0] for path in tree.files if not path.endswith('.h')}

    def module_of(path):
        return path.rsplit('.', 1)[0]

    def seen_from(path, seen):
        for header in direct[path] - seen:
            seen.add(header)
            if module_of(header) not in modules:
                yield from seen_from(header, seen)
            else:
                yield module_of(header)

    uses = collections.defaultdict(set)
    for path in tree.files:
        if module_of(path) in modules:
            uses[module_of(path)] |= set(seen_from(path, set())) - {module_of(path)}
    headers = {path: {h for h in found if h.endswith('.h')} for path, found in direct.items() if path.endswith('.h')}
    for ring in rings(uses) + rings(headers):
        tree.fault(ring[0], 0, 'a circle of includes: ' + ' -> '.join(ring + ring[:1]))


def rings(uses):
    """The strongly connected parts of more than one module (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(module):
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(uses.get(module, ())):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            part = stack[stack.index(module):]
            del stack[stack.index(module):]
            if len(part) > 1:
                found.append(sorted(part))

    for module in sorted(uses):
        if module not in index:
            visit(module)
    return found


# --- tests and texts ---

def is_pure(path):
    return place_of(path)[1] and not path.startswith('tests/')


def tests(tree):
    names = {pathlib.PurePath(p).stem for p in tree.files if p.startswith('tests/')}
    for path in tree.files:
        if not path.endswith('.c') or not is_pure(path) or path.startswith('settler/store/'):
            continue
        stem = pathlib.PurePath(path).stem
        own = f'test_{stem}' in names or f'test_codec_{stem}' in names
        if not own and path not in TESTED_ELSEWHERE:
            tree.fault(path, 0, f'has no tests/unit/test_{stem}.c')
    for path, where in TESTED_ELSEWHERE.items():
        for test in re.findall(r'\btest_\w+', where):
            if path in tree.files and test not in names:
                tree.fault(path, 0, f'{test} is not there')


CITATION = re.compile(r"\b(CONTRACT|DESIGN|STYLE)(?:\.md)?(?:'s [a-z]+ \()?,? ((?:§?[0-9]+(?:\.[0-9]+)*(?:, | and |-|–)?)+)")


def citations(tree):
    for name in ('CONTRACT', 'DESIGN', 'STYLE'):
        text = tree.top / 'docs' / f'{name}.md'
        if not text.exists():
            print(f'skipped: docs/{name}.md is not there, so what cites it is not compared')
            continue
        there = numbers_of(text.read_text(encoding='utf-8'))
        for path, source in tree.files.items():
            for match in CITATION.finditer(source):
                for number in re.findall(r'[0-9]+(?:\.[0-9]+)*', match.group(2) if match.group(1) == name else ''):
                    if number not in there:
                        tree.fault(path, line_of(source, match.start()), f'{name} has no {number}')


def numbers_of(text):
    """Of headings, "## 2. Events" and "### 2.1 The order", and of numbered rules, "12. A state machine"."""
    return set(re.findall(r'^(?:#+ )?([0-9]+(?:\.[0-9]+)*)\.? ', text, flags=re.M))


def unused(tree):
    """Public functions of lib/ and cores that no program calls."""
    words = collections.Counter()
    for path, text in tree.files.items():
        if not path.startswith('tests/'):
            words.update(re.findall(r'\b[a-z]\w*\b', bare(text, macros=True)))
    for path, text in tree.files.items():
        if not path.endswith('.h') or not (path.startswith('lib/') or is_pure(path)) or '/memory_' in path:
            continue
        plain = re.sub(r'^static inline.*?^\}', '', bare(text), flags=re.M | re.S)
        for match in re.finditer(r'^(?!typedef)[a-z][\w \*\(\)]*?[ \*](\w+)\(', plain, flags=re.M):
            name = match.group(1)
            # Its declaration and its definition.
            if words[name] <= 2 and name not in CALLED_BY_TESTS_ALONE and not name.startswith('__'):
                tree.fault(path, 0, f'{name} is called by no program')


CHECKS = {'sizes': sizes, 'includes': includes, 'circles': circles, 'tests': tests, 'citations': citations,
          'unused': unused}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('checks', nargs='+', choices=CHECKS, metavar='CHECK')
    parser.add_argument('--tree', default=pathlib.Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    tree = Tree(arguments.tree)
    for check in arguments.checks:
        CHECKS[check](tree)
    print('\n'.join(tree.faults), end='\n' if tree.faults else '')
    return 1 if tree.faults else 0


if __name__ == '__main__':
    sys.exit(main())
