// Scores every pair of two simple moving averages on one thread: the limit of this machine for the bitmap method.
//
//   dual_sma CLOSES FIRST LAST FEE WARM_UPS REPETITIONS ROWS
//
// CLOSES holds consecutive native doubles. Pairs are all FIRST <= fast < slow <= LAST, fast outermost. Long only, all
// cash, a fill at the close of the bar of the crossing, FEE of the notional on both sides, an open position marked at
// the last close. ROWS receives total return and closed trades of each pair as doubles. Prints the nanoseconds of
// every repetition, one per line: columns, bitmaps, crossings and equity, from closes in memory to rows in memory.
//
// Time is cut into tiles, so that the columns of one tile stay in the second-level cache while all pairs read them.
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

enum { TILE = 1024, WORD = 64 };

typedef struct {
  double cash;    // while flat
  double units;   // while long, else 0
  double trades;
  uint64_t above; // all ones: the last bar at which the averages differed had the fast one above, or none did
} Account;

typedef struct {
  const double *close;
  size_t bars;
  int first, last;
  double fee;
  double *columns; // (last - first + 1) columns of TILE values
  double *units_per_cash, *cash_per_unit; // per bar of the tile, with the fee
  Account *accounts;
} Sweep;

// Bars of one word where a > b and where a < b; a NaN is neither.
static inline void compare_word(const double *a, const double *b, uint64_t *greater, uint64_t *less) {
  uint64_t more = 0, fewer = 0;
#if defined(__AVX512F__)
  for (int lane = 0; lane < WORD; lane += 8) {
    const __m512d x = _mm512_loadu_pd(a + lane), y = _mm512_loadu_pd(b + lane);
    more |= (uint64_t)_mm512_cmp_pd_mask(x, y, _CMP_GT_OQ) << lane;
    fewer |= (uint64_t)_mm512_cmp_pd_mask(x, y, _CMP_LT_OQ) << lane;
  }
#elif defined(__AVX2__)
  for (int lane = 0; lane < WORD; lane += 4) {
    const __m256d x = _mm256_loadu_pd(a + lane), y = _mm256_loadu_pd(b + lane);
    more |= (uint64_t)(unsigned)_mm256_movemask_pd(_mm256_cmp_pd(x, y, _CMP_GT_OQ)) << lane;
    fewer |= (uint64_t)(unsigned)_mm256_movemask_pd(_mm256_cmp_pd(x, y, _CMP_LT_OQ)) << lane;
  }
#else
  for (int lane = 0; lane < WORD; lane++) {
    more |= (uint64_t)(a[lane] > b[lane]) << lane;
    fewer |= (uint64_t)(a[lane] < b[lane]) << lane;
  }
#endif
  *greater = more;
  *less = fewer;
}

// A bar on which neither average is above keeps the side of the bar before it.
static inline uint64_t keep_side(uint64_t greater, uint64_t less, uint64_t above) {
  if ((greater | less) == ~UINT64_C(0)) return greater;
  if ((greater | less) == 0) return above;
  uint64_t side = above & 1, filled = 0;
  for (int bar = 0; bar < WORD; bar++) {
    if ((greater >> bar) & 1) side = 1;
    if ((less >> bar) & 1) side = 0;
    filled |= side << bar;
  }
  return filled;
}

// The averages of one tile. Sums start anew in every tile, so that rounding errors cannot grow along the history.
static void fill_columns(const Sweep *s, size_t from, size_t count) {
  enum { GROUP = 8 };
  const int windows = s->last - s->first + 1;
  for (int group = 0; group < windows; group += GROUP) {
    double sum[GROUP] = {0}, share[GROUP];
    const int members = windows - group < GROUP ? windows - group : GROUP;
    const int shortest = s->first + group;
    for (int k = 0; k < GROUP; k++) {
      share[k] = 1.0 / (shortest + k);
      const size_t length = (size_t)(shortest + k);
      for (size_t i = from > length ? from - length : 0; i < from; i++) sum[k] += s->close[i];
    }
    double *out = s->columns + (size_t)group * TILE;
    size_t i = 0;
    const size_t longest = (size_t)(shortest + GROUP - 1);
    if (members == GROUP && from >= longest) {
      for (; i < count; i++) {
        const double entering = s->close[from + i];
        const double *leaving = s->close + from + i - longest;
        for (int k = 0; k < GROUP; k++) {
          sum[k] += entering - leaving[GROUP - 1 - k];
          out[(size_t)k * TILE + i] = sum[k] * share[k];
        }
      }
    }
    for (; i < count; i++) {
      const size_t bar = from + i;
      for (int k = 0; k < members; k++) {
        const size_t length = (size_t)(shortest + k);
        sum[k] += s->close[bar];
        if (bar >= length) sum[k] -= s->close[bar - length];
        out[(size_t)k * TILE + i] = bar + 1 >= length ? sum[k] * share[k] : NAN;
      }
    }
    for (int k = 0; k < members; k++)
      for (size_t rest = count; rest % WORD != 0; rest++) out[(size_t)k * TILE + rest] = NAN;
  }
}

static void walk_pair(const Sweep *s, const double *fast, const double *slow, size_t count, Account *account) {
  Account now = *account;
  for (size_t base = 0; base < count; base += WORD) {
    uint64_t greater, less;
    compare_word(fast + base, slow + base, &greater, &less);
    const uint64_t above = keep_side(greater, less, now.above);
    uint64_t edges = above ^ ((above << 1) | (now.above & 1));
    now.above = (above >> (WORD - 1)) != 0 ? ~UINT64_C(0) : 0;
    while (edges != 0) {
      const int bit = __builtin_ctzll(edges);
      edges &= edges - 1;
      const size_t bar = base + (size_t)bit;
      if ((above >> bit) & 1) {
        now.units = now.cash * s->units_per_cash[bar];
      } else if (now.units != 0) {
        now.cash = now.units * s->cash_per_unit[bar];
        now.units = 0;
        now.trades += 1;
      }
    }
  }
  *account = now;
}

static void run(const Sweep *s, double *rows) {
  const int windows = s->last - s->first + 1;
  const size_t pairs = (size_t)windows * (size_t)(windows - 1) / 2;
  for (size_t p = 0; p < pairs; p++) s->accounts[p] = (Account){.cash = 1, .above = ~UINT64_C(0)};
  for (size_t from = 0; from < s->bars; from += TILE) {
    const size_t count = s->bars - from < TILE ? s->bars - from : TILE;
    fill_columns(s, from, count);
    for (size_t i = 0; i < count; i++) {
      s->units_per_cash[i] = 1 / (s->close[from + i] * (1 + s->fee));
      s->cash_per_unit[i] = s->close[from + i] * (1 - s->fee);
    }
    Account *account = s->accounts;
    for (int fast = 0; fast < windows; fast++)
      for (int slow = fast + 1; slow < windows; slow++)
        walk_pair(s, s->columns + (size_t)fast * TILE, s->columns + (size_t)slow * TILE, count, account++);
  }
  const double last = s->close[s->bars - 1];
  for (size_t p = 0; p < pairs; p++) {
    const Account *a = s->accounts + p;
    rows[2 * p] = (a->units != 0 ? a->units * last : a->cash) - 1;
    rows[2 * p + 1] = a->trades;
  }
}

static void *allocate(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes) != 0) {
    fprintf(stderr, "out of memory: %zu bytes\n", bytes);
    exit(1);
  }
  memset(memory, 0, bytes);
  return memory;
}

static double *read_closes(const char *path, size_t *bars) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  *bars = (size_t)ftell(file) / sizeof(double);
  rewind(file);
  double *closes = allocate(*bars * sizeof(double) + 64);
  if (*bars == 0 || fread(closes, sizeof(double), *bars, file) != *bars) {
    fprintf(stderr, "%s: no closes, or too few\n", path);
    exit(1);
  }
  fclose(file);
  return closes;
}

int main(int argc, char **argv) {
  if (argc != 8) {
    fprintf(stderr, "usage: dual_sma CLOSES FIRST LAST FEE WARM_UPS REPETITIONS ROWS\n");
    return 2;
  }
  Sweep s = {.first = atoi(argv[2]), .last = atoi(argv[3]), .fee = atof(argv[4])};
  if (s.first < 1 || s.last <= s.first) {
    fprintf(stderr, "windows must be 1 <= FIRST < LAST\n");
    return 2;
  }
  s.close = read_closes(argv[1], &s.bars);
  const size_t windows = (size_t)(s.last - s.first + 1);
  const size_t pairs = windows * (windows - 1) / 2;
  // Groups of columns are filled whole, so the last group may reach beyond the last window.
  s.columns = allocate((windows + 8) * TILE * sizeof(double));
  s.units_per_cash = allocate(TILE * sizeof(double));
  s.cash_per_unit = allocate(TILE * sizeof(double));
  s.accounts = allocate(pairs * sizeof(Account));
  double *rows = allocate(pairs * 2 * sizeof(double));
  const int warm_ups = atoi(argv[5]), repetitions = atoi(argv[6]);
  for (int i = 0; i < warm_ups + repetitions; i++) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    run(&s, rows);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (i < warm_ups) continue;
    printf("%lld\n", (long long)(end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec));
  }
  FILE *out = fopen(argv[7], "wb");
  if (out == NULL || fwrite(rows, sizeof(double), pairs * 2, out) != pairs * 2 || fclose(out) != 0) {
    perror(argv[7]);
    return 1;
  }
  return 0;
}
