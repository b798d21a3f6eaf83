// SPDX-License-Identifier: Apache-2.0
// Several platforms at once: what one does not want costs it nothing.
#include "agent/app/outlets.hpp"

#include "agent/app/new_batch.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::app {
namespace {

SeriesInfo gauge_series(const std::string& metric) {
    return {{metric, {}}, Kind::gauge, "1", {}, 0};
}

// Outlets of one sink for each filter, with what their spools declare.
class Sinks {
public:
    explicit Sinks(const std::vector<OutletFilter>& filters) : declared_(filters.size()) {
        std::vector<std::unique_ptr<Outlet>> all;
        for (std::size_t i = 0; i < filters.size(); ++i) {
            store::SpoolOptions options;
            options.directory = dir_.file("state-" + std::to_string(i));
            options.declare = [this, i](const Declaration& declaration) {
                for (const Gap& gap : declaration.gaps) {
                    declared_[i] += gap.samples;
                }
                return declaration_batch(declaration, clock_);
            };
            auto spool = store::Spool::open(options, clock_);
            REQUIRE(spool.ok());
            spools_.push_back(std::move(*spool));
            auto outlet = Outlet::make({}, filters[i], *spools_.back(), clock_);
            REQUIRE(outlet.ok());
            all.push_back(std::move(*outlet));
        }
        outlets = std::make_unique<Outlets>(std::move(all));
    }
    // Samples that each sink declared lost.
    const std::vector<std::uint64_t>& declared() {
        outlets->tick(0);
        return declared_;
    }

    std::unique_ptr<Outlets> outlets;

private:
    test::TempDir dir_;
    test::ManualClock clock_;
    std::vector<std::uint64_t> declared_;
    std::vector<std::unique_ptr<store::Spool>> spools_;
};

TEST_CASE("outlets: a refused reading is a gap only of sinks that would have got it", "[app]") {
    OutletFilter tills;
    tills.metrics = {"till.*"};
    OutletFilter bulk;
    bulk.streams = {false, false, true, false};
    Sinks sinks({{}, tills, bulk});
    const auto door = sinks.outlets->define(gauge_series("door.open"));
    const auto till = sinks.outlets->define(gauge_series("till.total"));
    REQUIRE(door.ok());
    REQUIRE(till.ok());
    sinks.outlets->note_refused(Stream::kpi, {*door});
    CHECK(sinks.declared() == std::vector<std::uint64_t>{1, 0, 0});
    sinks.outlets->note_refused(Stream::kpi, {*door, *till});  // one reading, two series
    CHECK(sinks.declared() == std::vector<std::uint64_t>{2, 1, 0});
    sinks.outlets->note_refused(Stream::bulk, {*till});
    CHECK(sinks.declared() == std::vector<std::uint64_t>{3, 2, 1});
    sinks.outlets->note_refused(Stream::kpi, {});  // a rule drops it anyway
    CHECK(sinks.declared() == std::vector<std::uint64_t>{3, 2, 1});
}

}  // namespace
}  // namespace cxedge::app
