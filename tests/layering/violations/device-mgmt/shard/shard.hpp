#pragma once
#include <prometheus/counter.h>
#include <sqlite3.h>
