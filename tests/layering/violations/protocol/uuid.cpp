#include <string>

#include "protocol/uuid.hpp"
