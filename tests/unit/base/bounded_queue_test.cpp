// SPDX-License-Identifier: Apache-2.0
#include "agent/base/bounded_queue.hpp"

#include <memory>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

namespace cxedge {
namespace {

TEST_CASE("bounded queue: first in, first out", "[base]") {
    BoundedQueue<int> queue("numbers", 3);

    REQUIRE(queue.push(1));
    REQUIRE(queue.push(2));

    CHECK(queue.size() == 2);
    CHECK(queue.pop() == 1);
    CHECK(queue.pop() == 2);
    CHECK_FALSE(queue.pop());
}

TEST_CASE("bounded queue: refuses and counts what does not fit", "[base]") {
    BoundedQueue<int> queue("numbers", 2);
    REQUIRE(queue.push(1));
    REQUIRE(queue.push(2));

    CHECK_FALSE(queue.push(3));
    CHECK_FALSE(queue.push(4));
    CHECK(queue.refused() == 2);

    CHECK(queue.pop() == 1);
    CHECK(queue.push(5));
    CHECK(queue.pop() == 2);
    CHECK(queue.pop() == 5);
    CHECK(queue.name() == "numbers");
    CHECK(queue.capacity() == 2);
}

TEST_CASE("bounded queue: moves what cannot be copied", "[base]") {
    BoundedQueue<std::unique_ptr<int>> queue("owned", 1);

    REQUIRE(queue.push(std::make_unique<int>(9)));
    const auto taken = queue.pop();

    REQUIRE(taken);
    CHECK(**taken == 9);
}

TEST_CASE("bounded queue: between threads nothing is lost or doubled", "[base]") {
    constexpr int kItems = 2000;
    BoundedQueue<int> queue("hot", 16);
    std::thread producer([&] {
        for (int i = 0; i < kItems; ++i) {
            while (!queue.push(i)) {
                std::this_thread::yield();
            }
        }
    });

    std::vector<int> got;
    while (got.size() < kItems) {
        if (const auto item = queue.pop()) {
            got.push_back(*item);
        }
    }
    producer.join();

    for (int i = 0; i < kItems; ++i) {
        REQUIRE(got[static_cast<std::size_t>(i)] == i);
    }
    CHECK(queue.size() == 0);
}

}  // namespace
}  // namespace cxedge
