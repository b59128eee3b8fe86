-- -> record or nothing
return record(ARGV[4], ARGV[5])
