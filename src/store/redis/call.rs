//! One question: a script with its keys and arguments, and the slot of a Cluster that its keys are in.

use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, Script, ServerErrorKind, ToRedisArgs,
    aio::MultiplexedConnection,
};

/// How many slots a Cluster has.
pub(super) const SLOTS: u16 = 16_384;

/// A call of a script.
pub(super) struct Call {
    script: &'static Script,
    keys: Vec<Vec<u8>>,
    args: Vec<Vec<u8>>,
}

impl Call {
    pub(super) fn of(script: &'static Script) -> Self {
        Self {
            script,
            keys: Vec::new(),
            args: Vec::new(),
        }
    }

    /// One more key; all of them are in one slot.
    pub(super) fn key(&mut self, key: &str) -> &mut Self {
        self.keys.push(key.as_bytes().to_vec());
        self
    }

    /// One more argument, or as many as there are in it.
    pub(super) fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.args.extend(arg.to_redis_args());
        self
    }

    /// In which slot its keys are.
    pub(super) fn slot(&self) -> u16 {
        self.keys.first().map_or(0, |key| slot(key))
    }

    /// Asks it, and brings the script where the server does not know it yet.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        let command = self.command();
        match command.query_async(connection).await {
            Err(fault) if fault.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.script.load_async(connection).await?;
                command.query_async(connection).await
            }
            answer => answer,
        }
    }

    /// Asks it where a slot is on its way to. That it may be asked there must be said right before, with no question of
    /// anybody else in between; so the script comes first.
    pub(super) async fn ask_ahead<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        self.script.load_async(connection).await?;
        let mut both = redis::pipe();
        both.cmd("ASKING").ignore().add_command(self.command());
        let answered = both.query_async(connection).await;
        // What the server said of the one that failed is inside.
        let (answer,) = answered.map_err(|fault: RedisError| {
            let said = fault.clone().into_server_errors();
            let first = said.and_then(|all| all.first().map(|(_, said)| said.clone()));
            first.map_or(fault, RedisError::from)
        })?;
        Ok(answer)
    }

    fn command(&self) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.script.get_hash()).arg(self.keys.len());
        command.arg(&self.keys).arg(&self.args);
        command
    }
}

/// The slot of a key: of what stands in its first braces, where that is anything, or else of all of it (Redis Cluster
/// specification, "Hash tags").
pub(super) fn slot(key: &[u8]) -> u16 {
    let tagged = key
        .iter()
        .position(|octet| *octet == b'{')
        .and_then(|open| key.get(open + 1..))
        .and_then(|rest| {
            let close = rest.iter().position(|octet| *octet == b'}')?;
            rest.get(..close).filter(|tag| !tag.is_empty())
        });
    crc16(tagged.unwrap_or(key)) % SLOTS
}

/// CRC-16/XMODEM, as the same specification has it.
fn crc16(octets: &[u8]) -> u16 {
    octets.iter().fold(0, |sum, octet| {
        (0..8).fold(sum ^ (u16::from(*octet) << 8), |sum, _| {
            (sum << 1) ^ if sum & 0x8000 == 0 { 0 } else { 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_the_slot_that_a_server_says_it_is_in() {
        // What `CLUSTER KEYSLOT` of Redis 7.0 says.
        for (key, said) in [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("{foo}bar", 12_182),
            ("bar{foo}{bar}", 12_182),
            ("", 0),
        ] {
            assert_eq!(slot(key.as_bytes()), said, "{key}");
        }
        // Braces around nothing, or that do not close, are a part of the key.
        for key in ["foo{}{bar}", "foo{bar"] {
            assert_eq!(slot(key.as_bytes()), crc16(key.as_bytes()) % SLOTS, "{key}");
        }
        assert_eq!(slot(b"foo{{bar}}zap"), slot(b"{bar"));
    }
}
