// SPDX-License-Identifier: Apache-2.0
// A plugin process for tests: `do` says which trouble it makes.
#include <cstdlib>
#include <memory>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

#include "agent/plugin_api/plugin_main.hpp"

namespace cxedge {
namespace {

struct Orders {
    std::string action = "emit";
    std::int64_t device_ms = 0;
};

Schema<Orders> make_schema() {
    Schema<Orders> schema;
    ignore_common_keys(schema);
    schema.text("do", &Orders::action, "What to do");
    schema.integer("device_ms", &Orders::device_ms, "Time of the reading");
    return schema;
}

void send_raw(const std::string& bytes) {
    // The link is descriptor 3 of every plugin process.
    static_cast<void>(::send(3, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

class Misbehaving final : public Source {
public:
    void init(const SettingsNode& settings, SettingsProblems& problems) override {
        orders_ = make_schema().read(settings, problems);
    }

    Status start(Host& host) override {
        host_ = &host;
        if (orders_.action == "fail") {
            return invalid_argument("no such camera");
        }
        if (orders_.action == "unavailable") {
            return unavailable("camera is off");
        }
        soon_ = host.loop().after(std::chrono::milliseconds(1), [this] { act(); });
        return {};
    }

    [[nodiscard]] bool acknowledges() const override { return true; }

    void stop() override {
        soon_.cancel();
        if (orders_.action == "last words") {
            emit("test.last_words", 1);
        }
    }

private:
    void act() {
        const std::string& action = orders_.action;
        if (action == "emit") {
            emit_all();
        } else if (action == "abort") {
            std::abort();
        } else if (action == "exit") {
            ::_exit(7);
        } else if (action == "hang") {
            while (true) {
                ::pause();
            }
        } else {
            act_on_link(action);
        }
    }

    void act_on_link(const std::string& action) {
        if (action == "garbage") {
            send_raw("\xff\xff\xff this is no frame");
        } else if (action == "oversized") {
            send_raw(std::string(100'000, '\n'));
        } else if (action == "commit") {
            emit("test.before_commit", 1);
            host_->commit([this](const Status& status) {
                emit(status ? "test.committed" : "test.commit_refused", 1);
            });
        } else if (action == "refused") {
            emit("bad.metric", 1);
            emit("bad.metric", 2);
            emit("test.good", 3);
        } else if (action == "once") {
            emit_once();
        } else if (action == "keep") {
            host_->keep(std::string(host_->kept()) + "x");
            emit("test.kept", static_cast<double>(host_->kept().size()));
        } else if (action == "problem") {
            host_->set_problem("camera not reachable");
        } else if (action == "offload") {
            host_->offload(
                [this] { worked_ = true; },
                [this](const Status& status) { emit("test.worked", status && worked_ ? 1 : 0); }
            );
        }
    }

    void emit(const std::string& metric, double value) {
        const auto id = host_->declare({{metric, {}}, Kind::gauge, "1", {}, 0});
        if (id) {
            static_cast<void>(host_->emit(*id, value));
        }
    }

    void emit_once() {
        const auto id = host_->declare({{"test.once", {}}, Kind::delta, "1", {}, 0});
        const WallTime end = from_unix_ms(orders_.device_ms);
        static_cast<void>(host_->emit_once(*id, 4, {end, end - std::chrono::minutes(1), 0}));
        static_cast<void>(host_->emit_once(*id, 5, {std::nullopt, std::nullopt, 77}));
        host_->tell_device({"door", "PC2S", "5.1", 80.0, true});
        const bool follows = host_->follow("*", [](const auto&, double, const auto&) {}).ok();
        emit("test.follows", follows ? 1 : 0);
    }

    void emit_all() {
        emit("test.boot", 1.5);
        const auto dated =
            host_->declare({{"test.dated", {{"door", "a"}}}, Kind::delta, "1", {}, 0});
        const auto lost = host_->declare({{"test.lost", {}}, Kind::gauge, "1", {}, 0});
        static_cast<void>(host_->emit_at(*dated, 2, from_unix_ms(orders_.device_ms)));
        static_cast<void>(host_->emit_lost(*lost));
        Event event;
        event.name = "test.happened";
        event.text = host_->source_name();
        host_->emit_event(std::move(event));
        host_->log(log::Level::debug, "all emitted");
    }

    Orders orders_;
    Host* host_ = nullptr;
    LoopHandle soon_;
    bool worked_ = false;
};

}  // namespace
}  // namespace cxedge

int main() {
    return cxedge::serve_plugin(std::make_unique<cxedge::Misbehaving>());
}
