//! What is asked of the server, in Lua: each script is one step, which nobody else's comes between.
//!
//! All keys of one call have one hash tag, and so one slot. Instants are milliseconds since 1970, which a
//! double of Lua holds exactly, and come as arguments: the server's own clock sweeps and judges nothing.

use std::sync::LazyLock;

use redis::Script;

use super::values::{MAX_SMALL, MAX_VALUE};
use crate::store::{
    shelf::{MAX_STORY, MOST_FORGOTTEN, OVERHEAD},
    timed_map::PURGED_PER_CALL,
};

/// How much later than its end the server's own clock sweeps a value away, in milliseconds. What has ended
/// is judged by the caller's clock, which may be behind.
pub(super) const SWEPT_LATER_MS: i64 = 10 * 60 * 1_000;
/// How far ahead another node's clock may be, in milliseconds: one that is ahead by more than twenty seconds is corrected.
const AHEAD_MS: i64 = 60 * 1_000;

/// A script with what all have in common.
fn script(code: &str) -> Script {
    let most = MAX_VALUE + 1;
    let most_of_a_small_one = MAX_SMALL + 1;
    let common = format!(
        r"
-- Has a key stay until an instant, and for as long as it would have without.
local function keep(key, now, until_ms)
  local ms = math.max(until_ms - now, 0) + {SWEPT_LATER_MS}
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, ms) end
end
-- Removes what has ended from a sorted set of ends and from what belongs to it.
local function purge(ends, values, now)
  local over = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, {PURGED_PER_CALL})
  for _, id in ipairs(over) do
    redis.call('ZREM', ends, id)
    redis.call('HDEL', values, id)
  end
end
local OVERHEAD, FORGOTTEN, PURGED = {OVERHEAD}, {MOST_FORGOTTEN}, {PURGED_PER_CALL}
local SMALL, MAX_STORY, AHEAD = {most_of_a_small_one}, {MAX_STORY}, {AHEAD_MS}
local function is_live(ends, id, now)
  local at = redis.call('ZSCORE', ends, id)
  return at and tonumber(at) > now
end
-- A value that was written into the server, up to one octet past what is opened: whoever else may write there has
-- nobody take more into memory.
local function bounded(value, most)
  return value and string.sub(value, 1, most or {most})
end
-- The sealed session, where it is neither past its end nor unused for too long.
local function living(key, now, idle)
  local held = redis.call('HMGET', key, 'sealed', 'used', 'ends')
  local used, ends = tonumber(held[2] or ''), tonumber(held[3] or '')
  if held[1] and used and ends and now < ends and now - used < idle then
    return bounded(held[1]), used, ends
  end
end
"
    );
    Script::new(&[&common, code].concat())
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub(super) static $name: LazyLock<Script> = LazyLock::new(|| script($code));)*
    };
}

scripts! {
    /// Tries each command that the others use. Keys: a hash, a text, a sorted set, none of which anybody else has. Gives
    /// in small letters the names of those that our account may not use, and in capitals the word for whatever else the
    /// server has against one, once: `OOM`, `READONLY`, `MISCONF`, `NOREPLICAS`.
    RIGHTS = r"
local refused, told = {}, {}
local function try(name, ...)
  local said = redis.pcall(name, ...)
  if type(said) ~= 'table' or not said.err then return end
  local word = string.sub(string.match(said.err, '%u%u%u+') or 'ERR', 1, 32)
  if word == 'NOPERM' or string.find(said.err, 'can\'t run this command', 1, true) then word = string.lower(name) end
  if not told[word] then
    told[word] = true
    refused[#refused + 1] = word
  end
end
local hash, text, set = KEYS[1], KEYS[2], KEYS[3]
try('HSET', hash, 'field', 'value')
try('HGET', hash, 'field')
try('HMGET', hash, 'field')
try('PEXPIRE', hash, 1000)
try('HDEL', hash, 'field')
try('SET', text, 'value', 'PX', 1000)
try('GET', text)
try('PTTL', text)
try('DEL', text)
try('ZADD', set, 1, 'one', 2, 'two')
try('PEXPIRE', set, 1000)
try('ZCARD', set)
try('ZSCORE', set, 'one')
try('ZRANGE', set, 0, -1)
try('ZRANGEBYSCORE', set, '-inf', '+inf')
try('ZREM', set, 'one')
try('ZPOPMIN', set)
try('TIME')
return refused";

    /// Compares clocks. Keys: until when nodes count, what they have left. Arguments: our name, how many others, how
    /// much of a name and of what is left. Gives the server's clock, and of each other node its name and what it has left;
    /// nothing where we may not ask. Here alone the server's own clock is asked: it is what the question is about.
    CLOCKS = r"
local said = redis.pcall('TIME')
if said.err then return {} end
local theirs = tonumber(said[1]) * 1000 + math.floor(tonumber(said[2]) / 1000)
purge(KEYS[1], KEYS[2], theirs)
local told = {string.format('%.0f', theirs)}
for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[2]))) do
  local left = node ~= ARGV[1] and redis.call('HGET', KEYS[2], node)
  if left then
    told[#told + 1] = string.sub(node, 1, tonumber(ARGV[3]))
    told[#told + 1] = string.sub(left, 1, tonumber(ARGV[4]))
  end
end
return told";

    /// Leaves what a node says of its clock. Keys: until when nodes count, what they have left. Arguments: our name,
    /// sealed, the server's clock, how long it counts, how many others.
    LEAVE = r"
local theirs = tonumber(ARGV[3])
local ends = theirs + tonumber(ARGV[4])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[5]) then return 0 end
-- A script that has written, if only to remove nothing, is refused nothing by a server that is full.
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
keep(KEYS[1], theirs, ends)
keep(KEYS[2], theirs, ends)
return 1";

    /// Writes a session. Keys: session. Arguments: now, sealed, its end, the end of what is unused.
    WRITE = r"
local now = tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'sealed', ARGV[2], 'used', now, 'ends', ARGV[3], 'listed', now)
keep(KEYS[1], now, tonumber(ARGV[4]))
return 1";

    /// Reads a session and counts as a use. Keys: session. Arguments: now, idle. Gives the sealed session,
    /// and 1 where the list of sessions should learn of the use.
    FIND = r"
local now, idle = tonumber(ARGV[1]), tonumber(ARGV[2])
local sealed, used, ends = living(KEYS[1], now, idle)
if not sealed then return false end
if now > used then
  -- A server that is full takes no note, and the session is found all the same.
  redis.pcall('HSET', KEYS[1], 'used', now)
  keep(KEYS[1], now, math.min(ends, now + idle))
end
-- None of ours is to come, but by a clock that is a little ahead, or no time: somebody else would have it stand in no list any
-- more.
local listed = tonumber(redis.call('HGET', KEYS[1], 'listed') or '') or math.huge
if listed - now < AHEAD and now - listed < idle / 16 then return {sealed, 0} end
redis.pcall('HSET', KEYS[1], 'listed', now)
return {sealed, 1}";

    /// Reads a session without a use. Keys: session, where it leads. Arguments: now, idle. Gives 1 and the
    /// sealed session, 2 and where the key leads, or 0.
    READ = r"
local sealed = living(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
if sealed then return {1, sealed} end
local leads = bounded(redis.call('GET', KEYS[2]))
if leads then return {2, leads} end
return {0, ''}";

    /// Looks at a session, which is no use of it. Keys: session. Arguments: now, idle. Gives the sealed session and when it
    /// was last used, or nothing.
    LOOK = r"
local sealed, used = living(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
if not sealed then return false end
return {sealed, string.format('%.0f', used)}";

    /// Gives the next sessions of the list. Keys: ends of the sessions. Arguments: the end behind which to begin, how many,
    /// the most sessions. Gives the end up to which the list was read, or nothing where it is over, and the sessions: all that have one end
    /// are of one page, so that none is between two. Of what somebody else may have put there no more comes than of ours.
    PAGE = r"
local page = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local last = page[#page]
if not last then return {'', {}} end
local members = {}
for at = 1, #page, 2 do
  if page[at + 1] ~= last then members[#members + 1] = string.sub(page[at], 1, 32) end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], last, last, 'LIMIT', 0, ARGV[3])) do
  members[#members + 1] = string.sub(member, 1, 32)
end
return {last, members}";

    /// Puts another sealed session in the place of one. Keys: session. Arguments: the one that was read, the
    /// other one. Gives 1 where that was still there.
    SWAP = r"
if redis.call('HGET', KEYS[1], 'sealed') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'sealed', ARGV[2])
return 1";

    /// Takes a session away. Keys: session, where it leads. Arguments: now, idle, the sealed session that is
    /// meant or nothing for any, where the key is to lead or nothing, for how long. Gives as `READ` does,
    /// and 3 where another one is there than was meant.
    TAKE = r"
local sealed = living(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]))
if sealed then
  if ARGV[3] ~= '' and ARGV[3] ~= sealed then return {3, ''} end
  -- First what a server that is full refuses: then nothing is lost.
  if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5]) end
  redis.call('DEL', KEYS[1])
  return {1, sealed}
end
redis.call('DEL', KEYS[1])
local leads = bounded(redis.call('GET', KEYS[2]))
if leads then return {2, leads} end
return {0, ''}";

    /// Has the key of a session that has ended lead elsewhere. Keys: where it leads. Arguments: that, for
    /// how long.
    LEAD = r"
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";

    /// Removes a session that nobody may know, or that had to make room. Keys: session.
    DROP = r"
return redis.call('DEL', KEYS[1])";

    /// Lists a session, with its ticket. Keys: ends of the sessions, sessions by ticket, ends of brought
    /// tickets, tickets that were signed out. Arguments: now, member (session and ticket), its end, the most
    /// sessions, ticket or nothing, sealed key of the session, end of the session whatever happens, up to
    /// which listed end a session is surely over, a note that the ticket was signed out which is not ours, or nothing.
    /// Gives the note that the ticket was signed out, which is left where it is not that one, and nothing is listed; or nothing
    /// and the keys of those that had to make room.
    LIST = r"
local now, ends, most, ticket = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if ticket ~= '' and is_live(KEYS[3], ticket, now) then
  local note = bounded(redis.call('HGET', KEYS[4], ticket), SMALL)
  if note and note ~= '' and note ~= ARGV[9] then return {note, {}} end
  if note then redis.call('HDEL', KEYS[4], ticket) end
end
local function unlist(member)
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], string.sub(member, 33))
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[8], 'LIMIT', 0, 8)) do
  unlist(member)
end
local gone = {}
if not redis.call('ZSCORE', KEYS[1], ARGV[2]) then
  while #gone < 8 and redis.call('ZCARD', KEYS[1]) >= most do
    local first = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
    unlist(first)
    gone[#gone + 1] = string.sub(first, 1, 32)
  end
end
-- A node whose clock is a little behind leaves it where it is: whoever reads the list upwards might miss it.
local listed = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or '') or -math.huge
if ends > listed or listed - ends > AHEAD then redis.call('ZADD', KEYS[1], ends, ARGV[2]) end
keep(KEYS[1], now, tonumber(ARGV[7]))
if ticket ~= '' then
  redis.call('HSET', KEYS[2], ticket, ARGV[6])
  keep(KEYS[2], now, tonumber(ARGV[7]))
end
return {'', gone}";

    /// Takes a session that has ended off the list. Keys: ends of the sessions, sessions by ticket.
    /// Arguments: member.
    UNLIST = r"
redis.call('HDEL', KEYS[2], string.sub(ARGV[1], 33))
return redis.call('ZREM', KEYS[1], ARGV[1])";

    /// Notes something that must be told when it comes again. Keys: ends, values. Arguments: now, what, its
    /// end, the most, value or nothing. Gives 1 for the first time; 0 and the first value; 2 for want of room.
    NOTE = r"
local now, id, ends = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
purge(KEYS[1], KEYS[2], now)
if is_live(KEYS[1], id, now) then
  return {0, bounded(redis.call('HGET', KEYS[2], id)) or ''}
end
-- A script that has written, if only to remove nothing, is refused nothing by a server that is full.
if redis.call('ZSCORE', KEYS[1], id) then
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return {2, ''} end
redis.call('ZADD', KEYS[1], ends, id)
keep(KEYS[1], now, ends)
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], id, ARGV[5])
  keep(KEYS[2], now, ends)
end
return {1, ''}";

    /// Notes that a ticket was signed out, where it was brought, and gives the sealed key of its session.
    /// Keys: ends of brought tickets, tickets that were signed out, sessions by ticket. Arguments: ticket, the note, sealed.
    SIGN_OUT = r"
local refused
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  -- A server that is full takes no note, and the session is to end all the same.
  local noted = redis.pcall('HSET', KEYS[2], ARGV[1], ARGV[2])
  if type(noted) == 'table' and noted.err then
    refused = noted
  else
    redis.call('PEXPIRE', KEYS[2], math.max(redis.call('PTTL', KEYS[1]), 1))
  end
end
local session = bounded(redis.call('HGET', KEYS[3], ARGV[1]))
-- Where there is none to end, the note was all: one may begin yet.
if refused and not session then return refused end
return session";

    /// Gives the note that a ticket was signed out, or nothing. Keys: ends of brought tickets, tickets that were signed out.
    /// Arguments: now, ticket.
    IS_SIGNED_OUT = r"
if not is_live(KEYS[1], ARGV[2], tonumber(ARGV[1])) then return false end
return bounded(redis.call('HGET', KEYS[2], ARGV[2]), SMALL)";

    /// Puts another sealed counter in the place of one. Keys: ends, counters. Arguments: now, which, the one that is meant
    /// to be there and the other one (nothing for none; the same to know that it is there), its end, the most counters. Gives 1
    /// where the one that is meant was there; 0 and the one that is.
    SWAP_COUNTER = r"
local now, id, meant, other = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
purge(KEYS[1], KEYS[2], now)
local held = bounded(redis.call('HGET', KEYS[2], id), SMALL) or ''
if held ~= meant then return {0, held} end
if other == meant then return {1, ''} end
if other == '' then
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
  return {1, ''}
end
if not redis.call('ZSCORE', KEYS[1], id) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then
  redis.call('HDEL', KEYS[2], redis.call('ZPOPMIN', KEYS[1])[1])
end
local ends = tonumber(ARGV[5])
redis.call('ZADD', KEYS[1], ends, id)
redis.call('HSET', KEYS[2], id, other)
keep(KEYS[1], now, ends)
keep(KEYS[2], now, ends)
return {1, ''}";

    /// Adds a step to a story, as `Shelf::add` does. Keys: ends of those in which somebody has proven who they are, ends of
    /// the others, stories. Arguments: now, which, its end, the step, the most bytes of the story, the most of all, 1 where
    /// somebody has proven who they are. Gives 1 where it was added.
    ADD_TO_STORY = r"
local now, id, step, all = tonumber(ARGV[1]), ARGV[2], ARGV[4], tonumber(ARGV[6])
local stories, fields = KEYS[3], {'bytes', 'others'}
local held = {}
for pile = 1, 2 do
  local bytes = tonumber(redis.call('HGET', stories, fields[pile]) or '') or 0
  -- Whatever somebody else has written there, so many stories take no less and no more than this.
  local count = redis.call('ZCARD', KEYS[pile])
  if bytes ~= bytes then bytes = 0 end
  held[pile] = math.min(math.max(bytes, count * OVERHEAD), count * (MAX_STORY + OVERHEAD))
end
local function forget(pile, which)
  local story = redis.call('HGET', stories, which)
  held[pile] = math.max(held[pile] - #(story or '') - OVERHEAD, 0)
  redis.call('ZREM', KEYS[pile], which)
  redis.call('HDEL', stories, which)
  if redis.call('ZCARD', KEYS[pile]) == 0 then held[pile] = 0 end
end
local at, ends
for pile = 1, 2 do
  for _, over in ipairs(redis.call('ZRANGEBYSCORE', KEYS[pile], '-inf', now, 'LIMIT', 0, PURGED)) do forget(pile, over) end
  local score = tonumber(redis.call('ZSCORE', KEYS[pile], id) or '')
  if score and at then
    -- A version of before, which knows of one pile, has put it there as well.
    redis.call('ZREM', KEYS[pile], id)
  elseif score then
    at, ends = pile, score
  end
end
local story = at and redis.call('HGET', stories, id) or ''
local until_ms = math.max(ends or 0, tonumber(ARGV[3]))
local added = 0
local size = #story + #step + OVERHEAD
if #story + #step <= tonumber(ARGV[5]) and size <= all then
  local into = (at == 1 or ARGV[7] == '1') and 1 or 2
  -- So that it is not among those that make room for it; what it holds stays until there is some.
  if at then
    redis.call('ZREM', KEYS[at], id)
    held[at] = math.max(held[at] - #story - OVERHEAD, 0)
  end
  local most = math.min(FORGOTTEN, redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2]))
  while most > 0 and held[1] + held[2] + size > all do
    local others = held[2] + (into == 2 and size or 0)
    local from = others > all / 2 and 2 or 1
    if redis.call('ZCARD', KEYS[from]) == 0 then from = 3 - from end
    forget(from, redis.call('ZRANGE', KEYS[from], 0, 0)[1])
    most = most - 1
  end
  if held[1] + held[2] + size <= all then
    redis.call('ZADD', KEYS[into], until_ms, id)
    redis.call('HSET', stories, id, story .. step)
    held[into] = held[into] + size
    added = 1
  elseif at then
    redis.call('ZADD', KEYS[at], ends, id)
    held[at] = held[at] + #story + OVERHEAD
  end
end
for pile = 1, 2 do
  if held[pile] == 0 then
    redis.call('HDEL', stories, fields[pile])
  else
    redis.call('HSET', stories, fields[pile], string.format('%.0f', held[pile]))
  end
end
-- All three as long as each of them: what one of them alone holds would never be forgotten.
keep(stories, now, until_ms)
local ms = redis.call('PTTL', stories)
for pile = 1, 2 do
  if redis.call('PTTL', KEYS[pile]) < ms then redis.call('PEXPIRE', KEYS[pile], ms) end
end
return added";

    /// Reads a story. Keys: as `ADD_TO_STORY` has them. Arguments: now, which. Gives it, or nothing.
    READ_STORY = r"
local now, id = tonumber(ARGV[1]), ARGV[2]
if not is_live(KEYS[1], id, now) and not is_live(KEYS[2], id, now) then return false end
return bounded(redis.call('HGET', KEYS[3], id))";

    /// Forgets that a ticket was brought. Keys: ends, values. Arguments: which.
    FORGET = r"
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])";
}
