// The thread pool. One job runs at a time; each thread takes the ranges of a part of its own through an atomic counter,
// then those that others have left. A caller that finds the pool busy runs its own job serially, which is always
// correct and avoids oversubscription.
#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#if !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace fb {
namespace {

constexpr int kMaxThreads = 1024;
constexpr auto kSpin = std::chrono::microseconds(30);

inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#if defined(__linux__)
// Quota of one cgroup directory in cores, 0 when unlimited or unreadable.
int quota_of(const std::string& dir) {
    char quota[32];
    long period = 0;
    if (FILE* f = std::fopen((dir + "/cpu.max").c_str(), "r")) {  // version 2
        int got = std::fscanf(f, "%31s %ld", quota, &period);
        std::fclose(f);
        long q = got == 2 ? std::atol(quota) : 0;  // "max" reads as 0
        return q > 0 && period > 0 ? static_cast<int>((q + period - 1) / period) : 0;
    }
    long q = 0;
    if (FILE* f = std::fopen((dir + "/cpu.cfs_quota_us").c_str(), "r")) {  // version 1
        if (std::fscanf(f, "%ld", &q) != 1) q = 0;
        std::fclose(f);
    }
    if (FILE* f = std::fopen((dir + "/cpu.cfs_period_us").c_str(), "r")) {
        if (std::fscanf(f, "%ld", &period) != 1) period = 0;
        std::fclose(f);
    }
    return q > 0 && period > 0 ? static_cast<int>((q + period - 1) / period) : 0;
}

// The tightest quota on the way from this process's cgroup up to the root.
int cgroup_cores() {
    int best = 0;
    auto climb = [&](const std::string& mount, std::string path) {
        for (;;) {
            int cores = quota_of(mount + path);
            if (cores > 0 && (best == 0 || cores < best)) best = cores;
            size_t slash = path.rfind('/');
            if (slash == std::string::npos || path.empty()) return;
            path.resize(slash);
        }
    };
    FILE* f = std::fopen("/proc/self/cgroup", "r");
    if (!f) return 0;
    char line[4096];
    while (std::fgets(line, sizeof line, f)) {
        line[std::strcspn(line, "\n")] = 0;
        char* controllers = std::strchr(line, ':');
        char* path = controllers ? std::strchr(controllers + 1, ':') : nullptr;
        if (!path) continue;
        *path++ = 0;
        ++controllers;
        if (*controllers == 0) climb("/sys/fs/cgroup", path);
        if (std::strstr(controllers, "cpu") && !std::strstr(controllers, "cpuset")) {
            climb(std::string("/sys/fs/cgroup/") + controllers, path);
            climb("/sys/fs/cgroup/cpu", path);
        }
    }
    std::fclose(f);
    return best;
}
#endif

int allowed_cores() {
    int cores = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
    int quota = cgroup_cores();
    if (quota > 0) cores = std::min(cores, quota);
#endif
    return std::clamp(cores, 1, kMaxThreads);
}

int cores() {
    static const int n = allowed_cores();
    return n;
}

int default_threads() {
    if (const char* env = std::getenv("OMP_NUM_THREADS")) {
        int n = std::atoi(env);  // "4,2" (nested levels) reads as 4, which is the level we have
        if (n > 0) return std::min(n, kMaxThreads);
    }
    return cores();
}

std::atomic<int> g_threads{0};  // 0: not decided yet
thread_local bool t_inside = false;

using Body = void (*)(void*, int64_t, int64_t);

class Pool {
public:
    void run(int64_t n, int64_t chunk, Body body, void* ctx, int threads) {
        body_ = body;
        ctx_ = ctx;
        n_ = n;
        chunk_ = chunk;
        helpers_ = threads - 1;
        threads_ = threads;
        const int64_t ranges = (n + chunk - 1) / chunk;
        if (static_cast<int>(parts_.size()) < threads) parts_ = std::vector<Part>(static_cast<size_t>(threads));
        for (int i = 0; i < threads; ++i) {
            Part& part = parts_[static_cast<size_t>(i)];
            part.end = ranges * (i + 1) / threads;
            part.next.store(ranges * i / threads, std::memory_order_relaxed);
        }
        start_workers(threads - 1);
        open_.store(true);
        epoch_.fetch_add(1);
        if (sleeping_.load() > 0) {
            std::lock_guard<std::mutex> lock(sleep_);
            wake_.notify_all();
        }
        t_inside = true;
        work(threads - 1);
        t_inside = false;
        // Workers announce themselves in active_ before they look at open_, so once it is closed and
        // active_ is 0 nobody can touch the job any more.
        open_.store(false);
        for (int spins = 0; active_.load() != 0; ++spins) {
            if (spins < 4000) cpu_relax();
            else std::this_thread::yield();
        }
    }

    std::mutex submit;  // held by the caller whose job runs

private:
    // Takes the ranges of its own part, which are the same in every job of this size: what they read may still be in
    // this core's cache. Then those that others have left.
    void work(int id) {
        for (int i = 0; i < threads_; ++i) {
            Part& part = parts_[static_cast<size_t>((id + i) % threads_)];
            for (;;) {
                const int64_t range = part.next.fetch_add(1, std::memory_order_relaxed);
                if (range >= part.end) break;
                body_(ctx_, range * chunk_, std::min((range + 1) * chunk_, n_));
            }
        }
    }

    void start_workers(int wanted) {
        if (started_ >= wanted) return;
#if !defined(_WIN32)
        sigset_t all, before;  // signals belong to the application's threads
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
        try {
            for (; started_ < wanted; ++started_) std::thread(&Pool::worker, this, started_).detach();
        } catch (const std::system_error&) {
            // The system gives no more threads: the job is done by those there are.
        }
#if !defined(_WIN32)
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
    }

    void worker(int id) {
        t_inside = true;
        uint64_t seen = 0;
        for (;;) {
            wait_for_job(seen);
            seen = epoch_.load();
            active_.fetch_add(1);
            if (open_.load() && id < helpers_) work(id);
            active_.fetch_sub(1);
        }
    }

    void wait_for_job(uint64_t seen) {
        if (cores() > 1) {
            auto until = std::chrono::steady_clock::now() + kSpin;
            do {
                for (int i = 0; i < 64; ++i) {
                    if (epoch_.load(std::memory_order_relaxed) != seen) return;
                    cpu_relax();
                }
            } while (std::chrono::steady_clock::now() < until);
        }
        std::unique_lock<std::mutex> lock(sleep_);
        sleeping_.fetch_add(1);
        wake_.wait(lock, [&] { return epoch_.load() != seen; });
        sleeping_.fetch_sub(1);
    }

    Body body_ = nullptr;
    void* ctx_ = nullptr;
    int64_t n_ = 0, chunk_ = 1;
    int helpers_ = 0, started_ = 0, threads_ = 1;
    struct alignas(64) Part {
        std::atomic<int64_t> next{0};
        int64_t end = 0;
    };
    std::vector<Part> parts_;
    alignas(64) std::atomic<uint64_t> epoch_{0};
    std::atomic<bool> open_{false};
    alignas(64) std::atomic<int> active_{0};
    std::atomic<int> sleeping_{0};
    std::mutex sleep_;
    std::condition_variable wake_;
};

// Never destroyed: workers may still wait on it while the process exits.
std::atomic<Pool*> g_pool{nullptr};

#if !defined(_WIN32)
void before_fork() {
    if (!t_inside) g_pool.load()->submit.lock();
}
void after_fork_parent() {
    if (!t_inside) g_pool.load()->submit.unlock();
}
// The workers do not exist in the child: start from a fresh pool and leave the old one's locks behind.
void after_fork_child() {
    t_inside = false;
    g_pool.store(new Pool);
}
#endif

const bool g_ready = [] {
    g_pool.store(new Pool);
#if !defined(_WIN32)
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
#endif
    return true;
}();

}  // namespace

bool in_parallel() { return t_inside; }

}  // namespace fb

extern "C" {

int fb_num_threads(void) {
    int n = fb::g_threads.load(std::memory_order_relaxed);
    if (n == 0) {
        n = fb::default_threads();
        fb::g_threads.store(n, std::memory_order_relaxed);
    }
    return n;
}

void fb_set_num_threads(int n) { fb::g_threads.store(std::clamp(n, 1, fb::kMaxThreads)); }

void fb_parallel_for(int64_t n, int64_t grain, void (*fn)(void*, int64_t, int64_t), void* ctx) {
    if (n <= 0) return;
    grain = std::max<int64_t>(grain, 1);
    int64_t pieces = (n + grain - 1) / grain;
    int threads = static_cast<int>(std::min<int64_t>(fb_num_threads(), pieces));
    if (threads == 1 || fb::t_inside) {
        fn(ctx, 0, n);
        return;
    }
    fb::Pool& pool = *fb::g_pool.load();
    std::unique_lock<std::mutex> owner(pool.submit, std::try_to_lock);
    if (!owner.owns_lock()) {
        fn(ctx, 0, n);
        return;
    }
    // About four ranges a thread: late workers cost little, and slow cores are helped out.
    int64_t per_range = std::max<int64_t>(pieces / (4 * static_cast<int64_t>(threads)), 1);
    pool.run(n, per_range * grain, fn, ctx, threads);
}

}  // extern "C"
