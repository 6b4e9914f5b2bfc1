"""What test programs share: facts told one by one, waits, the servers of deploy/local/up, and programs at work.

Those of other folders find it by `sys.path.append(str(TOP / 'tests/integration'))`."""
import datetime
import http.client
import os
import pathlib
import re
import subprocess
import time

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


def local(script):
    """Commands of deploy/local/lib.sh; what they print."""
    return run('bash', '-c', f'set -eu; . deploy/local/lib.sh; run_open; {script}', cwd=TOP)


def wait_for(what, seconds=60, pause=0.05):
    """What `what` returns once it is true, or its last answer."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)


def run(*words, **more):
    """What a command that must succeed prints."""
    return subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=300,
                          text=True, **more).stdout


def hourglass(*words, timeout=120):
    return subprocess.run([BUILD / 'cli/hourglass', *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=timeout, check=False)


LETTERS = {None: '', 'maas': 'A', 'cached_input_tokens': 'H', 'cache_write_tokens': 'W', 'images': 'G', 'credit': '+',
           'debit': '-'}


def letter(word):
    """As tables charges and ledger have a product, meter, kind, or what a transfer is."""
    return LETTERS.get(word) if word in LETTERS else word[0].upper()


def time_text(second):
    return datetime.datetime.fromtimestamp(int(second), datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


class Program:
    """hourglass-NAME at work; its log and the file of its admin port are FOLDER/AS.*."""
    FOLDERS = {'collector': 'collectors'}

    def __init__(self, name, folder, *words, as_name=None, env=None):
        self.log, self.port_file = folder / f'{as_name or name}.log', folder / f'{as_name or name}.admin'
        self.port_file.unlink(missing_ok=True)
        words = [*map(str, words), '--admin-port-file', self.port_file]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([BUILD / self.FOLDERS.get(name, name) / f'hourglass-{name}', *words],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)

    def get(self, path):
        """Status and body of the admin port's answer; 0: there is none."""
        try:
            connection = http.client.HTTPConnection('127.0.0.1', int(self.port_file.read_text()), timeout=10)
            connection.request('GET', path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, ValueError, http.client.HTTPException):
            return 0, ''

    def is_ready(self):
        return self.get('/readyz')[0] == 200

    def kill(self):
        self.process.kill()
        self.process.wait()
