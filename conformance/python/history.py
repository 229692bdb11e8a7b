"""What producers did, and whether what is read fits it.

A producer puts the counters of a key one after another, and each until it is acknowledged. So the counters of a key,
read parents before children, must never fall; a counter that was acknowledged must be there, and may be there more than
once only if it was tried more than once.
"""

import collections


class History:
    """Tries and acknowledgements of each key's counters. Each key belongs to one thread."""

    def __init__(self, keys):
        self.tries = {key: collections.Counter() for key in keys}
        self.acknowledged = {key: -1 for key in keys}

    def tried(self, key, counter):
        self.tries[key][counter] += 1

    def was_acknowledged(self, key, counter):
        assert counter == self.acknowledged[key] + 1
        self.acknowledged[key] = counter

    def faults(self, read):
        """What is wrong with `read`: key -> counters in the order in which they were read."""
        wrong = [f"{key} was never put" for key in read if key not in self.tries]
        for key, tries in self.tries.items():
            counters = read.get(key, [])
            found = collections.Counter(counters)
            for before, after in zip(counters, counters[1:]):
                if after < before:
                    wrong.append(f"{key}: {after} comes after {before}")
            for counter in range(self.acknowledged[key] + 1):
                if not found[counter]:
                    wrong.append(f"{key}: {counter} was acknowledged and is lost")
            for counter, times in found.items():
                if times > tries[counter]:
                    wrong.append(f"{key}: {counter} is there {times} times and was tried {tries[counter]} times")
        return wrong


def shard_faults(shards):
    """Parents that do not end before their children begin, and ranges that do not tile, in what ListShards gives."""
    by_id, wrong = {shard["ShardId"]: shard for shard in shards}, []
    for shard in shards:
        start = int(shard["SequenceNumberRange"]["StartingSequenceNumber"])
        for name in ("ParentShardId", "AdjacentParentShardId"):
            parent = by_id.get(shard.get(name))
            if parent is None:
                continue
            end = parent["SequenceNumberRange"].get("EndingSequenceNumber")
            if end is None or int(end) >= start:
                wrong.append(f"{shard['ShardId']} begins before {parent['ShardId']} ends")
    following = 0
    ranges = [s["HashKeyRange"] for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
    for start, end in sorted((int(r["StartingHashKey"]), int(r["EndingHashKey"])) for r in ranges):
        if start != following:
            wrong.append(f"open shards do not tile at {following}")
        following = end + 1
    if following != 2**128:
        wrong.append("open shards do not tile at the end")
    return wrong
