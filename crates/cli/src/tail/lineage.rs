//! Which shard may be read when: not before its parents have ended.

use std::collections::BTreeMap;

use super::from::Start;

/// The shards of a tail.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    shards: BTreeMap<String, Member>,
}

#[derive(Debug)]
struct Member {
    parents: Vec<String>,
    start: Start,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Reading,
    Ended,
}

impl Lineage {
    /// Adds a shard, unless it is there. Parents that are not there (trimmed, or not asked for) hold nothing up.
    pub fn add(&mut self, shard: &str, parents: &[String], start: &Start) {
        let member =
            || Member { parents: parents.to_vec(), start: start.clone(), state: State::Waiting };
        self.shards.entry(shard.to_owned()).or_insert_with(member);
    }

    /// The shards that may be read from now on; each is given once.
    pub fn take_ready(&mut self) -> Vec<(String, Start)> {
        let ended = |parent: &String| {
            self.shards.get(parent).is_none_or(|member| member.state == State::Ended)
        };
        let waiting = self.shards.iter().filter(|(_, member)| member.state == State::Waiting);
        let ready: Vec<String> = waiting
            .filter(|(_, member)| member.parents.iter().all(ended))
            .map(|(shard, _)| shard.clone())
            .collect();
        let mut started = Vec::new();
        for shard in ready {
            if let Some(member) = self.shards.get_mut(&shard) {
                member.state = State::Reading;
                started.push((shard, member.start.clone()));
            }
        }
        started
    }

    /// A shard is read to its end.
    pub fn finish(&mut self, shard: &str) {
        if let Some(member) = self.shards.get_mut(shard) {
            member.state = State::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::from::From;
    use super::*;
    use millstream_types::Millis;

    fn ready(lineage: &mut Lineage) -> Vec<String> {
        lineage.take_ready().into_iter().map(|(shard, _)| shard).collect()
    }

    #[test]
    fn children_wait_for_all_their_parents() {
        let start = Start { from: From::TrimHorizon, began: Millis(0) };
        let mut lineage = Lineage::default();
        let own = |parents: &[&str]| parents.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        lineage.add("a", &own(&["trimmed"]), &start);
        lineage.add("b", &[], &start);
        lineage.add("c", &own(&["a", "b"]), &start);
        assert_eq!(ready(&mut lineage), ["a", "b"]);
        assert_eq!(ready(&mut lineage), [""; 0]);
        lineage.finish("a");
        assert_eq!(ready(&mut lineage), [""; 0]);
        lineage.add("c", &[], &start);
        lineage.add("d", &own(&["c"]), &start);
        lineage.finish("b");
        assert_eq!(ready(&mut lineage), ["c"]);
        lineage.finish("c");
        assert_eq!(ready(&mut lineage), ["d"]);
    }
}
