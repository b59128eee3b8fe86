-- A page of a device's commands: unfinished ones below `unfinished_below`, then ends below
-- `ended_below`, the highest number first; `none` leaves a kind out.
-- -> {records}, and when something may follow {records, 0 unfinished | 1 ended, number} with the
--    place to go on behind
local device, state, limit, unfinished_below, ended_below, max_scanned =
    ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8], tonumber(ARGV[9])
local kSlice = 100
local records, scanned, place = {}, 0, nil

local function read(kind, index, below)
    while below ~= 'none' do
        local ids = call('ZREVRANGEBYSCORE', index, below, '-inf', 'WITHSCORES', 'LIMIT', 0, kSlice)
        if #ids == 0 then return end
        for i = 1, #ids, 2 do
            local found = record(device, ids[i], true)
            if found and (state == '' or found[6] == state) then
                if #records == limit then
                    local last = records[limit]
                    place = {last[3], last[4]}
                    return
                end
                records[#records + 1] = found
            end
            below = '(' .. ids[i + 1]
        end
        scanned = scanned + #ids / 2
        if scanned >= max_scanned then
            place = {kind, ids[#ids]}
            return
        end
    end
end

read(0, order_of(device), unfinished_below)
if not place then read(1, of(device, 'ends'), ended_below) end
if not place then return {records} end
return {records, place[1], place[2]}
