/* Money by hand: a desk at which the next frame for the second model is made, and what the model has said of
 * those before it, in plain lines. */
#pragma once

#include "tests/property/money_model.h"

enum { DESK_MOST = 16, DESK_TEXT_SIZE = 8192, HOUR = 3600, DAY = 24 * HOUR };
#define SECOND INT64_C(1000000) /* us */
/* The first seconds of months. */
#define OCTOBER (NOVEMBER - 31 * DAY)
#define NOVEMBER INT64_C(1793491200) /* 2026-11-01T00:00:00Z */
#define DECEMBER (NOVEMBER + 30 * DAY)
#define JANUARY (DECEMBER + 31 * DAY)

struct desk {
    struct money_model *model;
    struct money_frame frame;
    struct money_payment payments[DESK_MOST];
    struct money_charge charges[DESK_MOST];
    char notices[DESK_TEXT_SIZE];   /* account state balance available deadline at */
    char transfers[DESK_TEXT_SIZE]; /* account what product/kind/name month amount */
    char bills[DESK_TEXT_SIZE];     /* account month product amount unpriced payable carried */
};

/* A model in dollars and two hours of grace. */
struct desk desk_of(uint32_t bill_scale);
void desk_release(struct desk *desk);

/* A credit for the account's balance, unless changed. */
struct money_payment *credit(struct desk *desk, const char *account, const char *subject, const char *amount);

/* A new line of an hourly product, unless changed. */
struct money_charge *charge(struct desk *desk, const char *account, int64_t hour_s, const char *amount);
/* A new line of a product that settles by cycle. */
struct money_charge *accrue(struct desk *desk, const char *account, int64_t hour_s, const char *amount);
/* A line of an hourly product that is gone; `amount` is below zero. */
struct money_charge *take_back(struct desk *desk, const char *account, int64_t hour_s, const char *amount);

/* Hands the frame over, and begins the next. */
struct money_said take(struct desk *desk, int64_t watermark_us, bool more);
/* The frame is the last of its epoch. */
void end_epoch(struct desk *desk, int64_t watermark_s);
/* An epoch each hour from one time to another, both included. */
void pass(struct desk *desk, int64_t from_s, int64_t to_s);

/* An amount without the zeros at its end. */
const char *brief(const char *amount, char out[MONEY_TEXT_SIZE]);
/* The text is as expected; it is empty from then on. */
void expect(char text[DESK_TEXT_SIZE], const char *expected);
