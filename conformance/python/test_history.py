"""The history checker itself: what it must notice, it notices."""

from history import History, shard_faults


def history():
    made = History(["k"])
    for counter, tries in enumerate((1, 2, 1)):
        for _ in range(tries):
            made.tried("k", counter)
        made.was_acknowledged("k", counter)
    made.tried("k", 3)
    return made


def test_a_history_that_fits_has_no_faults():
    for read in ([0, 1, 2], [0, 1, 1, 2], [0, 1, 2, 3]):
        assert history().faults({"k": read}) == []


def test_what_is_lost_reordered_doubled_or_invented_is_a_fault():
    for read, word in (([0, 1], "lost"), ([1, 0, 2], "comes after"), ([0, 0, 1, 2], "times"), ([0, 1, 2, 4], "times")):
        assert word in "; ".join(history().faults({"k": read})), read
    assert history().faults({"k": [0, 1, 2], "other": [0]}) == ["other was never put"]


def shard(number, start, end, low, high, **parents):
    numbers = {"StartingSequenceNumber": str(start), **({"EndingSequenceNumber": str(end)} if end else {})}
    keys = {"StartingHashKey": str(low), "EndingHashKey": str(high)}
    return {"ShardId": str(number), "SequenceNumberRange": numbers, "HashKeyRange": keys, **parents}


def test_shards_that_overlap_in_time_or_leave_holes_are_faults():
    last = 2**128 - 1
    parent = shard(0, 1, 5, 0, last)
    assert shard_faults([parent, shard(1, 6, None, 0, last, ParentShardId="0")]) == []
    assert shard_faults([parent, shard(1, 5, None, 0, last, ParentShardId="0")])
    assert shard_faults([parent, shard(1, 6, None, 1, last, ParentShardId="0")])
    assert shard_faults([parent, shard(1, 6, None, 0, last - 1, ParentShardId="0")])
