#include "firmware-sim/models/model.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace dm::sim;

namespace {

Result run(Model& model, std::string_view command, const std::string& args = "{}") {
    static Random random{7};
    return execute(model, command, args, random);
}

std::unique_ptr<Model> make(std::string_view name) {
    Random random{1};
    return make_model(name, random);
}

}  // namespace

TEST_SUITE("firmware-sim/models") {
    TEST_CASE("every model understands the commands of the first generation") {
        for (const auto name : kModels) {
            CAPTURE(name);
            const auto model = make(name);
            REQUIRE(model != nullptr);
            CHECK(model->name() == name);
            const auto before = run(*model, "ACTIVATE").data;
            CHECK(run(*model, "turn_on").data == before);
            CHECK(run(*model, "turn_off").data != before);
            CHECK(run(*model, "DEACTIVATE").status == "ok");
            CHECK(run(*model, "SEND_READINGS").status == "ok");
            CHECK(run(*model, "get_state").data == model->state());
        }
    }

    TEST_CASE("an unknown command is rejected with the reason") {
        const auto lamp = make("lamp");
        const auto result = run(*lamp, "unlock");
        CHECK(result.status == "rejected");
        CHECK(result.data == R"({"reason":"a lamp does not know command 'unlock'"})");
    }

    TEST_CASE("bad arguments are an error and change nothing") {
        const auto thermostat = make("thermostat");
        const auto before = thermostat->state();
        CHECK(run(*thermostat, "set_target").status == "error");
        CHECK(run(*thermostat, "set_target", R"({"target":99})").status == "error");
        CHECK(run(*thermostat, "set_target", R"({"target":"warm"})").status == "error");
        CHECK(thermostat->state() == before);
        CHECK(run(*thermostat, "set_target", R"({"target":"19"})").status == "ok");
        CHECK(thermostat->state() != before);
    }

    TEST_CASE("a lamp at brightness 0 is off") {
        const auto lamp = make("lamp");
        CHECK(run(*lamp, "set_brightness", R"({"brightness":40})").data ==
              R"({"on":true,"brightness":40})");
        CHECK(run(*lamp, "set_brightness", R"({"brightness":0})").data ==
              R"({"on":false,"brightness":0})");
        CHECK(run(*lamp, "turn_on").data == R"({"on":true,"brightness":100})");
    }

    TEST_CASE("locking a locked door turns no bolt") {
        const auto lock = make("lock");
        CHECK(run(*lock, "lock").data == R"({"locked":true,"turns":0})");
        CHECK(run(*lock, "unlock").data == R"({"locked":false,"turns":1})");
    }

    TEST_CASE("a meter's total never falls") {
        const auto meter = make("meter");
        Random random{5};
        double last = 0;
        for (int i = 0; i < 100; ++i) {
            const auto data = meter->read(random).data;
            const double total = std::stod(data.substr(data.find(':') + 1));
            CHECK(total >= last);
            last = total;
        }
        CHECK(run(*meter, "read").status == "ok");
    }

    TEST_CASE("test aids: echo, fail and sleep") {
        const auto lamp = make("lamp");
        CHECK(run(*lamp, "echo", R"({"a":[1]})").data == R"({"a":[1]})");
        CHECK(run(*lamp, "fail").status == "error");
        CHECK(run(*lamp, "sleep", R"({"ms":250})").takes == std::chrono::milliseconds{250});
        CHECK(run(*lamp, "sleep", R"({"ms":-1})").status == "error");
    }

    TEST_CASE("there is no model of another name") {
        CHECK(make("toaster") == nullptr);
    }
}
