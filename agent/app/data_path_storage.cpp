// SPDX-License-Identifier: Apache-2.0
// The part of the data path that watches over where its data lies, and says when that is not well.
#include <optional>
#include <string>
#include <utility>

#include "agent/app/data_path.hpp"
#include "agent/base/log.hpp"

namespace cxedge::app {
namespace {

// Each try closes what is open.
constexpr std::chrono::seconds kFilesAgain{10};

}  // namespace

// A full tmpfs may have room again: then a checkpoint gives the journal its files.
void DataPath::try_files() {
    const SteadyTime now = clock_.steady_now();
    if (journal_in_memory() && now >= files_again_) {
        files_again_ = now + kFilesAgain;
        (void)begin_journal();  // a refusal shows in storage_problem()
    }
}

std::string DataPath::memory_problem() const {
    if (!no_files_why_.empty()) {
        return no_files_why_;
    }
    const std::string& journal = journal_->memory_only();
    return journal.empty() ? outlets_.memory_problem() : journal;
}

void DataPath::tell_storage() {
    const std::string memory = memory_problem();
    survives_process_ = memory.empty();
    tell(storage_alarm_.changed(outlets_.storage_problem()));
    tell(memory_alarm_.changed(memory));
}

void DataPath::tell(std::optional<Event> alarm) {
    if (alarm) {
        const bool well = alarm->state == EventState::clear;
        log::write(well ? log::Level::info : log::Level::error, "store", alarm->text);
        accept_event(std::move(*alarm));
    }
}

}  // namespace cxedge::app
