-- Gives the node's lease up, if this process holds it. -> ok
local key = named('lease', node)
if call('GET', key) == boot .. ' ' .. ARGV[4] then call('DEL', key) end
return 'ok'
