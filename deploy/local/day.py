#!/usr/bin/env python3
"""A realistic day of an AI cloud as CloudEvents, one a line: day.py [--date YYYY-MM-DD] [--resources N] [--seed N].

Containers, compute nodes and private models with heartbeats every 30 s, file systems that grow, calls of models,
images, orders that are paid, fulfilled, refunded or fail. One event in a hundred comes late, one is sent twice. Beside
them two stories: an account that runs out of money and pays again, and one whose orders come to nothing.
The same arguments give the same bytes.
"""
import argparse
import datetime
import heapq
import json
import os
import random
import signal
import sys

SKUS = {
    'container': ['gpu.a100', 'gpu.h200', 'cpu.s'],
    'node': ['ml.gu7xf.8xlarge-gu108', 'ecs.g7.xlarge-4c16g'],
    'model': ['llm.m', 'llm.l'],
}
MODELS = ['qwen-72b', 'llama-70b']
ACCOUNTS = ['acme', 'borealis', 'cyan-labs', 'delta-robotics', 'école-42', 'fjord-ai', 'gauss', 'helix-bio']
DAY_S = 86400


class Day:
    def __init__(self, options):
        self.random = random.Random(options.seed)
        start = datetime.datetime.fromisoformat(options.date).replace(tzinfo=datetime.timezone.utc)
        self.start_s = int(start.timestamp())
        self.resources = options.resources
        self.queue = []
        self.number = 0

    def put(self, second, kind, subject, account, **data):
        """An event at a second of the day; 1 % arrive up to two hours late, 1 % twice."""
        self.number += 1
        micro = self.random.randrange(1000000)
        time = datetime.datetime.fromtimestamp(self.start_s + int(second), datetime.timezone.utc)
        event = {'specversion': '1.0', 'id': f'{self.number:x}', 'source': f'/cloud/{kind.split(".")[0]}',
                 'type': kind, 'subject': subject, 'time': f'{time:%Y-%m-%dT%H:%M:%S}.{micro:06}Z',
                 'data': {'account': account, **data}}
        arrives = second + micro / 1e6
        luck = self.random.random()
        if luck < 0.01:
            arrives += self.random.uniform(60, 7200)
        line = json.dumps(event, ensure_ascii=False, separators=(',', ':'))
        heapq.heappush(self.queue, (arrives, self.number, line))
        if luck > 0.99:
            heapq.heappush(self.queue, (arrives + self.random.uniform(0, 600), self.number, line))

    def tell(self, second, kind, subject, account, **data):
        """An event of a story: on time and once."""
        self.number += 1
        time = datetime.datetime.fromtimestamp(self.start_s + second, datetime.timezone.utc)
        event = {'specversion': '1.0', 'id': f'{self.number:x}', 'source': '/cloud/stories', 'type': kind,
                 'subject': subject, 'time': f'{time:%Y-%m-%dT%H:%M:%SZ}', 'data': {'account': account, **data}}
        heapq.heappush(self.queue, (second, self.number, json.dumps(event, ensure_ascii=False, separators=(',', ':'))))

    def stories(self):
        """An account that runs out of money and pays again; one whose first order is never fulfilled, and whose second is
        refunded after six hours."""
        hour = 3600
        self.tell(8 * hour, 'account.credited', 'payment-indigo-1', 'indigo-vision', amount='6.00', currency='USD')
        self.tell(8 * hour, 'container.launched', 'render-1', 'indigo-vision', sku='gpu.a100')
        for second in range(8 * hour + 60, 12 * hour, 60):
            self.tell(second, 'container.heartbeat', 'render-1', 'indigo-vision')
        self.tell(12 * hour + 1800, 'account.credited', 'payment-indigo-2', 'indigo-vision', amount='20.00', currency='USD')
        self.tell(12 * hour, 'container.stopped', 'render-1', 'indigo-vision')
        self.tell(8 * hour, 'account.credited', 'payment-jade-1', 'jade-ml', amount='2500.00', currency='USD')
        self.tell(9 * hour, 'order.paid', 'order-jade-1', 'jade-ml', product='container', sku='gpu.a100', quantity=1,
                  months=1)
        self.tell(9 * hour + 60, 'order.paid', 'order-jade-2', 'jade-ml', product='container', sku='cpu.s', quantity=4,
                  months=3)
        self.tell(9 * hour + 90, 'order.fulfilled', 'order-jade-2', 'jade-ml')
        self.tell(15 * hour, 'order.refunded', 'order-jade-2', 'jade-ml')

    def run_resource(self, number):
        r = self.random
        product = r.choices(['container', 'node', 'model'], [6, 2, 2])[0]
        account, subject = r.choice(ACCOUNTS), f'{product}-{number:04}'
        begin = r.randrange(0, DAY_S // 2)
        end = min(DAY_S, begin + int(r.expovariate(1 / 60000)) + 1800)
        data = {'sku': r.choice(SKUS[product]), 'quantity': r.choice([1, 1, 1, 2, 4, 8])}
        if product == 'container' and r.random() < 0.15:
            data['order'] = self.order(begin, account, data['sku'], data['quantity'])
        self.put(begin, f'{product}.launched', subject, account, **data)
        for second in range(begin + 30, end, 30):
            if r.random() < 0.0002:
                self.put(second, f'{product}.reconfigured', subject, account, quantity=r.choice([1, 2, 4, 8]))
            self.put(second, f'{product}.heartbeat', subject, account)
        if end == DAY_S:
            return
        if r.random() < 0.05:
            since = datetime.datetime.fromtimestamp(self.start_s + end - 300, datetime.timezone.utc)
            self.put(end, f'{product}.failed', subject, account, since=f'{since:%Y-%m-%dT%H:%M:%SZ}')
        else:
            self.put(end, f'{product}.{r.choice(["stopped", "deleted"])}', subject, account)

    def order(self, second, account, sku, quantity):
        r = self.random
        name = f'order-{self.number:x}'
        self.put(max(0, second - 60), 'order.paid', name, account, product='container', sku=sku, quantity=quantity,
                 months=r.choice([1, 1, 3, 12]))
        outcome = r.choices(['fulfilled', 'failed', 'refunded'], [7, 1, 2])[0]
        if outcome == 'refunded':
            self.put(second + 30, 'order.fulfilled', name, account)
            self.put(min(DAY_S - 1, second + r.randrange(3600, 30000)), 'order.refunded', name, account)
        else:
            self.put(second + 30, f'order.{outcome}', name, account)
        return name

    def calls(self):
        """Calls of models and images, twice as many at noon as at midnight."""
        r = self.random
        for second in range(0, DAY_S, 2):
            busy = 1 - abs(second - DAY_S / 2) / DAY_S
            if r.random() > busy:
                continue
            account = r.choice(ACCOUNTS)
            if r.random() < 0.1:
                self.put(second, 'maas.images', f'{account}/studio', account, model='flux-1', images=r.randrange(1, 5),
                         status=r.choices(['succeeded', 'failed'], [20, 1])[0])
            else:
                self.put(second, 'maas.tokens', f'{account}/chat', account, model=r.choice(MODELS),
                         usage={'prompt_tokens': r.randrange(10, 8000), 'completion_tokens': r.randrange(1, 2000)})

    def storage(self):
        for account in ACCOUNTS:
            for number in range(3):
                stored = self.random.randrange(10**9, 10**11)
                for second in range(0, DAY_S, 600):
                    stored += self.random.randrange(-10**7, 10**8)
                    self.put(second, 'storage.used', f'fs-{number}', account, bytes=max(0, stored))

    def print(self):
        for account in ACCOUNTS:
            self.put(0, 'account.credited', f'payment-{account}', account, amount='25000.00', currency='USD')
        for number in range(self.resources):
            self.run_resource(number)
        self.calls()
        self.storage()
        self.stories()
        out = []
        while self.queue:
            arrives, _, line = heapq.heappop(self.queue)
            if arrives < DAY_S:
                out.append(line)
        print('\n'.join(out))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--date', default='2026-11-01')
    parser.add_argument('--resources', type=int, default=200)
    parser.add_argument('--seed', type=int, default=1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends it, as any program: no traceback
    try:
        Day(parser.parse_args()).print()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)


if __name__ == '__main__':
    main()
