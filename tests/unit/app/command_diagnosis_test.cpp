// SPDX-License-Identifier: Apache-2.0
// What collect_diag tells of a box must not hold a password, wherever it stands.
#include "agent/app/command_diagnosis.hpp"

#include "agent/control/control.hpp"

#include "tests/support/catch.hpp"

namespace cxedge::app {
namespace {

TEST_CASE("command_diagnosis: no text of the status keeps a password", "[app]") {
    const SecretWords secrets({"hunter2"});
    telemetry::Health health;
    health.sources.emplace_back();
    health.sinks.emplace_back();
    for (std::string* text :
         {&health.last_error,
          &health.storage_problem,
          &health.memory_problem,
          &health.certificate_problem,
          &health.history_problem,
          &health.command_refusal,
          &health.config_refusal,
          &health.sources[0].problem,
          &health.sinks[0].last_error,
          &health.sinks[0].storage_problem}) {
        *text = "login with hunter2 refused";
        INFO(control::status_answer(health));
        REQUIRE(control::status_answer(health).find("hunter2") != std::string::npos);
        mask(health, secrets);
        CHECK(control::status_answer(health).find("hunter2") == std::string::npos);
        CHECK(text->find("login with ***") == 0);
    }
}

TEST_CASE("command_diagnosis: a password across the end of a line is not begun", "[app]") {
    const SecretWords secrets({"correct horse battery"});
    for (std::size_t before = 370; before < 410; ++before) {
        const std::string line = std::string(before, '.') + "correct horse battery";
        const std::string told = log_lines({line}, secrets, 10'000);
        INFO(told);
        CHECK(told.find('c') == std::string::npos);
    }
}

TEST_CASE("command_diagnosis: the newest lines fit, oldest first", "[app]") {
    const SecretWords secrets({});
    CHECK(log_lines({"one", "two", "six"}, secrets, 14) == "[\"two\",\"six\"]");
    CHECK(log_lines({}, secrets, 2) == "[]");
}

}  // namespace
}  // namespace cxedge::app
