#!/usr/bin/env python3
"""Each rule of tests/house.py, broken once in a small tree, is found; the same tree without the fault is clean."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import house  # noqa: E402

BODY = 'int a(int x)\n{\n    return x;\n}\n'
CLEAN = {
    'lib/base/a.h': 'int a(int x);\n',
    'lib/base/a.c': '#include "lib/base/a.h"\n\n' + BODY,
    'lib/domain/b.h': '#include "lib/base/a.h"\n\nint b(int x);\n',
    'lib/domain/b.c': '#include "lib/domain/b.h"\n\nint b(int x)\n{\n    return a(x);\n}\n',
    'settler/core/c.h': '/* CONTRACT §2.1 */\nint c(void);\n',
    'settler/core/c.c': '#include "settler/core/c.h"\n#include "lib/domain/b.h"\n\nint c(void)\n{\n    return b(1);\n}\n',
    'settler/main.c': '#include <stdio.h>\n\n#include "settler/core/c.h"\n\nint main(void)\n{\n    return c();\n}\n',
    'tests/unit/test_a.c': '', 'tests/unit/test_b.c': '', 'tests/unit/test_c.c': '',
    'docs/CONTRACT.md': '## 2. Events\n\n### 2.1 Order\n',
    'docs/DESIGN.md': '## 1. Idea\n',
    'docs/STYLE.md': '1. One.\n',
}


class House(unittest.TestCase):
    def faults(self, check, **changes):
        """What the check says of the clean tree with these files put in its place; None: without the file."""
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**CLEAN, **changes.get('files', {})}.items():
                if text is None:
                    continue
                place = pathlib.Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding='utf-8')
            tree = house.Tree(folder)
            with contextlib.redirect_stdout(io.StringIO()) as said:
                house.CHECKS[check](tree)
            return tree.faults + said.getvalue().splitlines()

    def found(self, check, files, words):
        self.assertEqual(self.faults(check), [])
        faults = self.faults(check, files=files)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(words, faults[0])

    def function(self, head, body):
        return {'lib/base/a.c': f'#include "lib/base/a.h"\n\n{head}\n{{\n{body}}}\n'}

    def test_a_function_of_71_lines(self):
        self.found('sizes', self.function('int a(int x)', '    x++;\n' * 69), 'has 71 lines')

    def test_a_file_of_601_lines(self):
        self.found('sizes', {'lib/base/a.c': '\n' * 601}, '601 lines')

    def test_seven_parameters(self):
        self.found('sizes', self.function('int a(int (*x)(int, int), int b, int c, int d, int e, int f, int g)', ''),
                   '7 parameters')

    def test_four_deep(self):
        self.found('sizes', self.function('int a(int x)', '    for (;;)\n        if (x) {\n            while (x)\n'
                                          '                if (x)\n                    x--;\n        }\n'), '4 deep')

    def test_an_else_if_is_no_deeper_than_its_if(self):
        body = '    if (x)\n        x = 1;\n' + '    else if (x)\n        x = 2;\n' * 5
        self.assertEqual(self.faults('sizes', files=self.function('int a(int x)', body)), [])

    def test_a_layer_that_looks_up(self):
        self.found('includes', {'lib/base/a.c': '#include "lib/domain/b.h"\n' + BODY}, 'a layer uses')

    def test_lib_that_knows_a_stage(self):
        self.found('includes', {'lib/domain/b.c': '#include "settler/core/c.h"\n'}, 'lib/ knows no stage')

    def test_a_stage_that_includes_another(self):
        self.found('includes', {'collectors/main.c': '#include "settler/core/c.h"\n'}, 'a stage includes lib/')

    def test_a_core_that_does_io(self):
        self.found('includes', {'lib/io/d.h': '', 'settler/core/c.c': '#include "lib/io/d.h"\n'}, 'does no IO')

    def test_a_core_that_knows_its_shell(self):
        self.found('includes', {'settler/d.h': '', 'settler/core/c.c': '#include "settler/d.h"\n'}, 'nothing around')

    def test_a_command_that_includes_a_shell(self):
        self.found('includes', {'settler/d.h': '', 'cli/e.c': '#include "settler/d.h"\n'}, 'cores only')

    def test_a_foreign_header_in_a_second_place(self):
        self.found('includes', {'lib/base/a.c': '#include <yaml.h>\n' + BODY}, 'yaml_tree.c alone')

    def test_a_foreign_header_that_nobody_thought_about(self):
        self.found('includes', {'lib/base/a.c': '#include <jansson.h>\n' + BODY}, 'has no place')

    def test_two_modules_that_include_each_other(self):
        self.found('circles', {'lib/base/a.c': '#include "lib/domain/b.h"\n'}, 'lib/base/a -> lib/domain/b')

    def test_headers_in_a_ring(self):
        self.found('circles', {'lib/base/x.h': '#include "lib/base/y.h"\n', 'lib/base/y.h': '#include "lib/base/x.h"\n'},
                   'lib/base/x.h -> lib/base/y.h')

    def test_a_pure_module_without_a_test(self):
        self.found('tests', {'tests/unit/test_c.c': None}, 'test_c.c')

    def test_a_cited_section_that_is_not_there(self):
        self.found('citations', {'lib/base/a.h': '/* CONTRACT §2, §3 */\nint a(int x);\n'}, 'CONTRACT has no 3')

    def test_a_text_that_is_not_there_is_said(self):
        self.found('citations', {'docs/DESIGN.md': None}, 'skipped: docs/DESIGN.md')

    def test_a_function_that_no_program_calls(self):
        self.found('unused', {'settler/main.c': 'int main(void)\n{\n    return 0;\n}\n'}, 'c is called by no program')


if __name__ == '__main__':
    unittest.main()
