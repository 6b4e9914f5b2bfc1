"""What the programs of this folder share: facts told one by one, and where the servers of deploy/local/up are."""
import os
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('HOURGLASS_BUILD', TOP / 'build')).resolve()
passed = failed = 0


def tell(good, fact, *shown):
    """One fact; what is shown helps where it does not hold."""
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(('ok - ' if good else 'not ok - ') + fact, flush=True)
    for what in shown if not good else ():
        print('#   ' + str(what)[:1500].replace('\n', '\n#   '), flush=True)
    return good


def end():
    """The last line; the exit status."""
    print(f'{passed} passed, {failed} failed')
    return failed > 0 or passed == 0


def servers(*names):
    """The values of HOURGLASS_..., by the end of each name."""
    said = subprocess.run([TOP / 'deploy/local/status', '--env'], stdout=subprocess.PIPE, check=False, text=True).stdout
    found = dict(re.findall(r'^HOURGLASS_(\w+)=[\'"]?([^\'"\n]*)', said, re.M))
    return [found[name] for name in names]
