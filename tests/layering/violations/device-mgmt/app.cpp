#include "device-mgmt/relay/relay.hpp"
#include <spdlog/spdlog.h>
