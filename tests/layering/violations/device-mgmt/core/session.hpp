#pragma once
#include <mutex>
#include <asio/io_context.hpp>
#include "device-mgmt/shard/shard.hpp"
#include "protocol/time.hpp"
