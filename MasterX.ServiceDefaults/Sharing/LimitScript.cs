using System.Security.Cryptography;
using System.Text;

namespace MasterX.ServiceDefaults.Sharing;

/// <summary>
/// What Redis does for a batch: takes in what a replica has to tell of its limits, and decides on its requests, one after the other. All
/// of it in one step, by Redis' own clock. Own scripts, because those of RedisRateLimiting 1.2.1 each decide on one limit, by the clock of
/// whoever asks, free a call that takes longer than a minute, know no cost that is settled afterwards, and are given their parameters by
/// reflection.
/// <code>
///  KEYS  epoch, alive:{replica}, then one per limit
///  ARGV  replica, lease in ms, a new epoch, how many limits; of each: 0 (places), limit, the counter's number, its calls under way
///                                                                  or 1 (window), limit, seconds, how many additions, of each: second, amount
///        how many requests; of each: how many lines, of each: limit, cost
///  →     epoch, then of each request: 0 or the line that refused it, wait in ms; of each line: left, ms until there is more, second
/// </code>
/// An addition's second is Redis' own, or, from 0 downwards, how long ago. A window is a hash: the units of each second, their sum, the
/// oldest and the newest second. Places are a hash: calls under way by replica and counter (a replica has two of the same limit while one is
/// replaced), of which those count whose replica is alive.
/// </summary>
internal static class LimitScript
{
    public const string Text = """
        local time = redis.call('TIME')
        local now = tonumber(time[1])
        local ms = now * 1000 + math.floor(tonumber(time[2]) / 1000)
        local replica, lease = ARGV[1], tonumber(ARGV[2])
        redis.call('SET', KEYS[2], '1', 'PX', lease)
        local epoch = redis.call('GET', KEYS[1])
        if not epoch then
          epoch = ARGV[3]
          redis.call('SET', KEYS[1], epoch)
        end
        local prefix = string.sub(KEYS[2], 1, #KEYS[2] - #replica)
        local at = 4
        local function read()
          local value = tonumber(ARGV[at])
          at = at + 1
          return value
        end

        local alive = { [replica] = true }
        local function lives(id)
          if alive[id] == nil then alive[id] = redis.call('EXISTS', prefix .. id) == 1 end
          return alive[id]
        end

        local function slot(w, second)
          local value = w.slots[second]
          if not value then
            value = tonumber(redis.call('HGET', w.key, second % w.seconds)) or 0
            w.slots[second] = value
          end
          return value
        end

        local function add(w, second, amount)
          if second > w.newest then second = w.newest end
          if second <= w.newest - w.seconds then return end
          w.slots[second] = slot(w, second) + amount
          w.changed[second] = true
          w.used = w.used + amount
          if second < w.oldest then w.oldest = second end
        end

        local function window(key, seconds)
          local state = redis.call('HMGET', key, 'newest', 'used', 'oldest')
          local newest = tonumber(state[1]) or now
          local w = { key = key, seconds = seconds, used = tonumber(state[2]) or 0, oldest = tonumber(state[3]) or now, slots = {}, changed = {} }
          w.newest = math.max(now, newest)
          local first = w.newest - seconds + 1
          local gone = {}
          while w.oldest < first and w.oldest <= newest do
            local old = tonumber(redis.call('HGET', key, w.oldest % seconds))
            if old then
              w.used = w.used - old
              gone[#gone + 1] = w.oldest % seconds
            end
            w.oldest = w.oldest + 1
          end
          if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
          if w.oldest < first then w.oldest = first end
          return w
        end

        local function places(key)
          local p = { key = key, fields = {}, changed = {}, running = 0 }
          local all = redis.call('HGETALL', key)
          for i = 1, #all, 2 do
            if lives(string.match(all[i], '^[^/]+')) then
              p.fields[all[i]] = tonumber(all[i + 1])
              p.running = p.running + p.fields[all[i]]
            else
              redis.call('HDEL', key, all[i])
            end
          end
          return p
        end

        local function run(p, field, mine)
          p.running = p.running + mine - (p.fields[field] or 0)
          if p.fields[field] ~= mine then
            p.fields[field] = mine
            p.changed[field] = true
          end
        end

        local limits, states = {}, {}
        for i = 1, read() do
          local key, kind, most, more = KEYS[i + 2], read(), read(), read()
          local limit = { most = most, state = states[key] }
          if not limit.state then
            limit.state = kind == 1 and window(key, more) or places(key)
            states[key] = limit.state
          end
          if kind == 1 then
            for j = 1, read() do
              local second = read()
              if second <= 0 then second = limit.state.newest + second end
              add(limit.state, second, read())
            end
          else
            limit.field = replica .. '/' .. more
            run(limit.state, limit.field, read())
          end
          limits[i] = limit
        end

        local function until_more(w)
          if w.used <= 0 then return 0 end
          while w.oldest < w.newest and slot(w, w.oldest) == 0 do w.oldest = w.oldest + 1 end
          return (w.oldest + w.seconds) * 1000 - ms
        end

        local function wait_for(w, missing)
          for second = w.oldest, w.newest do
            missing = missing - slot(w, second)
            if missing <= 0 then return (second + w.seconds) * 1000 - ms end
          end
          return w.seconds * 1000
        end

        local out = { epoch }
        for i = 1, read() do
          local lines, refused, wait = {}, 0, 0
          for j = 1, read() do
            local limit, cost = limits[read()], read()
            local state = limit.state
            lines[j] = { limit, cost }
            if refused == 0 then
              if state.seconds then
                if state.used + cost > limit.most then refused, wait = j, wait_for(state, state.used + cost - limit.most) end
              elseif state.running >= limit.most then
                refused = j
              end
            end
          end
          out[#out + 1] = refused
          out[#out + 1] = wait
          for j = 1, #lines do
            local limit, cost = lines[j][1], lines[j][2]
            local state = limit.state
            if state.seconds then
              if refused == 0 then add(state, state.newest, cost) end
              out[#out + 1] = math.max(0, limit.most - state.used)
              out[#out + 1] = until_more(state)
              out[#out + 1] = state.newest
            else
              if refused == 0 then run(state, limit.field, state.fields[limit.field] + 1) end
              out[#out + 1] = math.max(0, limit.most - state.running)
              out[#out + 1] = 0
              out[#out + 1] = 0
            end
          end
        end

        for key, state in pairs(states) do
          if state.seconds then
            local changes = { 'newest', state.newest, 'used', state.used, 'oldest', state.oldest }
            for second in pairs(state.changed) do
              changes[#changes + 1] = second % state.seconds
              changes[#changes + 1] = state.slots[second]
            end
            redis.call('HSET', key, unpack(changes))
            redis.call('PEXPIRE', key, (state.seconds + 1) * 1000)
          else
            for field in pairs(state.changed) do
              if state.fields[field] > 0 then
                redis.call('HSET', key, field, state.fields[field])
              else
                redis.call('HDEL', key, field)
              end
            end
            redis.call('PEXPIRE', key, lease)
          end
        end
        return table.concat(out, ',')
        """;

    /// <summary>By which Redis knows the script once it has seen it: SHA-1, as its protocol has it.</summary>
#pragma warning disable CA5350 // A name, which guards nothing.
    public static readonly byte[] Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
}
