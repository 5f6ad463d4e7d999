#!lua name=shouwang
-- The read model's writes. Each record is applied once: one at or below the stored offset of its partition changes
-- nothing. Without the epoch key (a Redis that was emptied) nothing is written and the caller starts the rebuild.
--
-- Keys, all under one prefix P (KEYS[1]):
--   P:epoch            which rebuild this content belongs to
--   P:offsets          hash <topic>/<partition> -> last applied offset
--   P:case:<id>        the case record, packed
--   P:cases:<unit>     sorted set of open cases by their next due time (ms; 9e15 = none)
--   P:closed:<unit>    sorted set of closed and stood-down cases by time of change, the newest CLOSED_MAX
--   P:due:<unit>       sorted set of obligations by due time, members <case>/<episode>/<obligation>/<occurrence>
--   P:duemembers:<id>  set of the members that a case has in P:due, to take them out again
--   P:journal:<id>     list of a case's journal lines, packed, the newest JOURNAL_MAX
--   P:breaches:<unit>  sorted set of the lines that say a deadline passed, packed, by time, the newest BREACHES_MAX

local CLOSED_MAX = 1000
local JOURNAL_MAX = 2000
local BREACHES_MAX = 2000

-- 1 when the record is new, 0 when it was applied before; an error when the epoch is another.
local function advance(prefix, epoch, partition, offset)
  if redis.call('GET', prefix .. ':epoch') ~= epoch then
    return nil
  end
  local stored = redis.call('HGET', prefix .. ':offsets', partition)
  if stored and tonumber(stored) >= tonumber(offset) then
    return 0
  end
  redis.call('HSET', prefix .. ':offsets', partition, offset)
  return 1
end

local function forget(prefix, unit, id)
  redis.call('ZREM', prefix .. ':cases:' .. unit, id)
  redis.call('ZREM', prefix .. ':closed:' .. unit, id)
  local members = redis.call('SMEMBERS', prefix .. ':duemembers:' .. id)
  if #members > 0 then
    redis.call('ZREM', prefix .. ':due:' .. unit, unpack(members))
  end
  redis.call('DEL', prefix .. ':duemembers:' .. id)
end

-- FCALL sw_case 1 P epoch partition offset unit case packed ended next_due changed [member due]...
-- `packed` empty: the case is gone. Answers 1 applied, 0 known already, error EPOCH.
local function sw_case(keys, args)
  local prefix, unit, id, packed = keys[1], args[4], args[5], args[6]
  local new = advance(prefix, args[1], args[2], args[3])
  if new == nil then return redis.error_reply('EPOCH no read model of this epoch') end
  if new == 0 then return 0 end
  forget(prefix, unit, id)
  if packed == '' then
    redis.call('DEL', prefix .. ':case:' .. id, prefix .. ':journal:' .. id)
    return 1
  end
  redis.call('SET', prefix .. ':case:' .. id, packed)
  if args[7] == '1' then
    local closed = prefix .. ':closed:' .. unit
    redis.call('ZADD', closed, args[9], id)
    redis.call('ZREMRANGEBYRANK', closed, 0, -CLOSED_MAX - 1)
    return 1
  end
  redis.call('ZADD', prefix .. ':cases:' .. unit, args[8], id)
  for i = 10, #args, 2 do
    redis.call('ZADD', prefix .. ':due:' .. unit, args[i + 1], args[i])
    redis.call('SADD', prefix .. ':duemembers:' .. id, args[i])
  end
  return 1
end

-- FCALL sw_journal 1 P epoch partition offset case packed [unit at]: with unit and time it is a breach
local function sw_journal(keys, args)
  local new = advance(keys[1], args[1], args[2], args[3])
  if new == nil then return redis.error_reply('EPOCH no read model of this epoch') end
  if new == 0 then return 0 end
  local list = keys[1] .. ':journal:' .. args[4]
  redis.call('RPUSH', list, args[5])
  redis.call('LTRIM', list, -JOURNAL_MAX, -1)
  if args[6] then
    local breaches = keys[1] .. ':breaches:' .. args[6]
    redis.call('ZADD', breaches, args[7], args[5])
    redis.call('ZREMRANGEBYRANK', breaches, 0, -BREACHES_MAX - 1)
  end
  return 1
end

-- FCALL sw_epoch 1 P epoch: starts a read model anew unless it is of this epoch; answers the epoch in force. An empty
-- argument only asks.
local function sw_epoch(keys, args)
  local epoch = redis.call('GET', keys[1] .. ':epoch')
  if epoch or args[1] == '' then
    return epoch or ''
  end
  redis.call('SET', keys[1] .. ':epoch', args[1])
  return args[1]
end

-- FCALL sw_drop 1 P: takes the whole read model out, and says how many keys that were. Whoever writes next finds no epoch.
local function sw_drop(keys)
  local kinds = { 'case:*', 'cases:*', 'closed:*', 'due:*', 'duemembers:*', 'journal:*', 'breaches:*' }
  local count = redis.call('DEL', keys[1] .. ':epoch', keys[1] .. ':offsets')
  for _, kind in ipairs(kinds) do
    local cursor = '0'
    repeat
      local found = redis.call('SCAN', cursor, 'MATCH', keys[1] .. ':' .. kind, 'COUNT', 1000)
      cursor = found[1]
      for _, key in ipairs(found[2]) do
        count = count + redis.call('UNLINK', key)
      end
    until cursor == '0'
  end
  return count
end

redis.register_function('sw_case', sw_case)
redis.register_function('sw_journal', sw_journal)
redis.register_function('sw_epoch', sw_epoch)
redis.register_function('sw_drop', sw_drop)
