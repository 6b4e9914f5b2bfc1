/* Wide integers and amounts, held to quotients that Python's integers gave. */
#include <string.h>

#include "lib/base/wide.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

/* numerator, divisor, and their quotient rounded half to even */
static const struct {
    const char *numerator;
    const char *divisor;
    const char *quotient;
} divisions[] = {
    {"0", "1", "0"},
    {"1", "2", "0"},
    {"3", "2", "2"},
    {"5", "2", "2"},
    {"7", "2", "4"},
    {"1", "3", "0"},
    {"2", "3", "1"},
    {"10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "7",
     "1428571428571428571428571428571428571428571428571428571428571428571428571428571428571428571429"},
    {"10000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005", "10",
     "1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"},
    {"17485029721327973432", "16506580000973917495", "1"},
    {"10114099397292958800", "15149836622520594227", "1"},
    {"868196408185819179", "1736392816371638358", "0"},
    {"2604589224557457537", "1736392816371638358", "2"},
    {"35227822125731087477", "4957522472560129484", "7"},
    {"26446095073463542618", "6831410406760778639", "4"},
    {"2541256914490685401", "5082513828981370802", "0"},
    {"7623770743472056203", "5082513828981370802", "2"},
    {"322400428436725890768069941973048136879", "11632994891556335705", "27714310153332588659"},
    {"191191747649702802405099069158627178165", "10801332806156616911", "17700755182798000050"},
    {"932654070793013286999617806929112973", "914761362383156266", "1019559973940353740"},
    {"2348342188859522489352667587992465695", "914761362383156266", "2567163727533889458"},
    {"823190359473024959930001782992475035339", "445253292704720703232271062449903002604", "2"},
    {"715632774295149164995668760849527187503", "467002684200744911697091112858268889961", "2"},
    {"192044578694111089155019772309532113705", "384089157388222178310039544619064227410", "0"},
    {"576133736082333267465059316928596341115", "384089157388222178310039544619064227410", "2"},
    {"4878744113233402981924030321564337772569589514134953244127", "27035582522685387503",
     "180456408111039569298186397125667908160"},
    {"4986400824206647767086050635956772910135559419600461801351", "31340915481158955418",
     "159101951798577636763873951748892729125"},
    {"63599211857269341413467134993259174501298858837977651503", "3019916981088958454",
     "21059920605610808158513829613711224494"},
    {"57654126832581535064540315322111871663381745305679857717", "3019916981088958454",
     "19091295288452567878991667827992756936"},
    {"76997351141802311644023750335670619670389969621050333477449766184562734811656",
     "317575395708462852183541838472228895999", "242453767459008667933387176090633467900"},
    {"64620757579633419992942564312634551836587160021847191124752194156023755091842",
     "278471212384611629093491461530617762802", "232055432323762795728075828944203837828"},
    {"8078071552627983894819762150533197350169466554183415739600708432725927478917",
     "119159531280836204912628735566466483098", "67792072239605538594190766535522951116"},
    {"948779960114450066019624195013460215447975199124978200374219230946285513003",
     "119159531280836204912628735566466483098", "7962266634620753264380367002512514924"},
    {"1649472720218688150209090051114504294110397719737974822534430779309727557845556150293405398", "1",
     "1649472720218688150209090051114504294110397719737974822534430779309727557845556150293405398"},
    {"1362112167037450975050990429269091608168966144105492057772535825463167626058432817193568435", "1",
     "1362112167037450975050990429269091608168966144105492057772535825463167626058432817193568435"},
    {"110464397286714909117782229384342803070835978508461750258005222804550994537979596495478285", "2",
     "55232198643357454558891114692171401535417989254230875129002611402275497268989798247739142"},
    {"253506960889312015343581404965984145780239697399326472564899479878811505923550026170488195", "2",
     "126753480444656007671790702482992072890119848699663236282449739939405752961775013085244098"},
    {"1895706300859490074498306284513419299316095638159418389993771824014272825742144255939377639",
     "1380877434274180410257781307633500229137741604146918143694345", "1372827344271807189248891592766"},
    {"1491050306960614263978779829837715944798346251218126986929261317793601438077445052352098340",
     "1095913690162910650837677041024157953570551580186263023815817", "1360554503830466288143207524045"},
    {"156904335968177262620194448752848221484235703206855895262880208781228379304953181869919073",
     "596758926810309069326594260774915689816924094969825924135306", "262927505428087589923033230070"},
    {"135183391944786653059939075487268922688747002700305537433039955700334984614214048703888587",
     "596758926810309069326594260774915689816924094969825924135306", "226529316733216141693132224040"},
    {"1626958091123175797267377988460761791832058199571046300881913102834878243766512912391599153274",
     "1229579045448039179279330275130153897533649574325296604339629549508657218228065172020187318", "1323"},
    {"1381514437556727908866329781909884311182535590227159872569619244277711371375616110496510710876",
     "1225174004221764539781357914242712692767916077394155754520423213925396818782800775240499961", "1128"},
    {"49196345728757402880440282170934194093959918691241370191798828728937605960675927880725257625",
     "302746742946199402341170967205748886732061038099946893487992792178077575142621094650616970", "162"},
    {"19829911662976060853346698351976552080949997995546521523463527887664081171841681699615411535",
     "302746742946199402341170967205748886732061038099946893487992792178077575142621094650616970", "66"},
    {"33144602169878042093566239745617691716415124330255393463496176693332120026238074871743069654396",
     "28122800353968601039878834038006363668511588278629134509893318736317063276742035622746028940195", "1"},
    {"31738950724829989925055749995975410176843691001627417492192994081200345540546166902878613514341",
     "17625545669751749764109687268749193720337864675424299768783464442876268700975565045076122379533", "2"},
    {"6119265779861092173518455869352493647787024651004314582835616534315386899757187408942873942791",
     "12238531559722184347036911738704987295574049302008629165671233068630773799514374817885747885582", "0"},
    {"18357797339583276520555367608057480943361073953012943748506849602946160699271562226828621828373",
     "12238531559722184347036911738704987295574049302008629165671233068630773799514374817885747885582", "2"},
};

static struct wide wide_from(const char *digits)
{
    struct amount amount;
    assert_true(amount_parse(digits, strlen(digits), 0, &amount));
    return amount.magnitude;
}

static struct amount amount_from(const char *text, uint32_t scale)
{
    struct amount amount;
    assert_true(amount_parse(text, strlen(text), scale, &amount));
    return amount;
}

static void assert_prints(const struct amount *amount, uint32_t scale, const char *expected)
{
    char text[AMOUNT_TEXT_SIZE];
    size_t size = amount_print(amount, scale, text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
}

static void division_rounds_half_to_even_whatever_the_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof divisions / sizeof *divisions; i++) {
        struct wide value = wide_from(divisions[i].numerator), divisor = wide_from(divisions[i].divisor);
        wide_divide_half_even(&value, &divisor);
        struct amount quotient = amount_of(value, false);
        assert_prints(&quotient, 0, divisions[i].quotient);
    }
}

static void a_product_divided_by_its_factor_is_what_it_was(void **state)
{
    (void)state;
    struct random random = random_of(1);
    for (int i = 0; i < 10000; i++) {
        struct wide value = {{random_next(&random), random_next(&random), random_next(&random) >> 1}};
        unsigned __int128 factor = (unsigned __int128)random_next(&random) << 64 | random_next(&random);
        struct wide product = value, divisor = wide_of(factor);
        wide_mul(&product, factor);
        wide_divide_half_even(&product, &divisor);
        assert_int_equal(wide_compare(&product, &value), 0);
    }
}

static void signed_sums_agree_with_128_bits(void **state)
{
    (void)state;
    struct random random = random_of(2);
    for (int i = 0; i < 10000; i++) {
        int64_t a = (int64_t)random_next(&random) >> random_below(&random, 64);
        int64_t b = (int64_t)random_next(&random) >> random_below(&random, 64);
        struct amount x = amount_of(wide_of((unsigned __int128)(a < 0 ? -(__int128)a : a)), a < 0);
        struct amount y = amount_of(wide_of((unsigned __int128)(b < 0 ? -(__int128)b : b)), b < 0);
        struct amount sum = amount_add(&x, &y), rest = amount_sub(&x, &y);
        __int128 s = (__int128)a + b, r = (__int128)a - b;
        struct amount want_sum = amount_of(wide_of((unsigned __int128)(s < 0 ? -s : s)), s < 0);
        struct amount want_rest = amount_of(wide_of((unsigned __int128)(r < 0 ? -r : r)), r < 0);
        assert_true(amount_equal(&sum, &want_sum));
        assert_true(amount_equal(&rest, &want_rest));
    }
}

static void zero_is_never_negative(void **state)
{
    (void)state;
    struct amount zero = amount_of(wide_of(0), true), five = amount_from("-5", 0);
    assert_false(zero.negative);
    zero = amount_negate(&zero);
    assert_prints(&zero, 2, "0.00");
    zero = amount_sub(&five, &five);
    assert_false(zero.negative);
    assert_true(wide_is_zero(&zero.magnitude));
}

static void an_amount_prints_all_its_decimals_and_none_at_scale_zero(void **state)
{
    (void)state;
    struct amount amount = amount_of(wide_of(1234), true);
    assert_prints(&amount, 0, "-1234");
    assert_prints(&amount, 2, "-12.34");
    assert_prints(&amount, 4, "-0.1234");
    assert_prints(&amount, 6, "-0.001234");
    amount = amount_zero();
    assert_prints(&amount, 0, "0");
    assert_prints(&amount, 12, "0.000000000000");
}

static void what_an_amount_prints_is_read_back(void **state)
{
    (void)state;
    struct random random = random_of(3);
    for (int i = 0; i < 10000; i++) {
        struct wide magnitude = {{0}};
        uint32_t limbs = random_below(&random, WIDE_LIMBS), scale = random_below(&random, 13);
        for (uint32_t k = 0; k < limbs; k++)
            magnitude.limbs[k] = random_next(&random);
        struct amount amount = amount_of(magnitude, random_below(&random, 2));
        char text[AMOUNT_TEXT_SIZE];
        size_t size = amount_print(&amount, scale, text);
        struct amount again;
        assert_true(amount_parse(text, size, scale, &again));
        assert_true(amount_equal(&amount, &again));
    }
}

static void other_texts_are_no_amounts(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     "-",     "1",    "1.2",   "1.234", "1..2",
                                        "1,23", "+1.23", "1.2x", " 1.23", "--1.23"};
    struct amount amount;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(amount_parse(texts[i], strlen(texts[i]), 2, &amount));
    assert_false(amount_parse("1.", 2, 0, &amount));
}

static void a_128_bit_number_is_read_as_it_prints_and_not_beyond(void **state)
{
    (void)state;
    char text[40];
    unsigned __int128 read;
    assert_int_equal(u128_print(~(unsigned __int128)0, text), 39);
    assert_string_equal(text, "340282366920938463463374607431768211455");
    assert_true(u128_parse(text, 39, &read) && read == ~(unsigned __int128)0);
    assert_int_equal(u128_print(0, text), 1);
    assert_string_equal(text, "0");
    assert_false(u128_parse("340282366920938463463374607431768211456", 39, &read));
    assert_false(u128_parse("", 0, &read));
    assert_false(u128_parse("-1", 2, &read));
}

static void scales_change_exactly_and_back_half_to_even(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *shorter; /* with two decimals at least, trailing zeros left out behind them */
        const char *narrow;  /* rounded to one */
    } cases[] = {
        {"0.050000", "0.05", "0.0"},        {"0.150000", "0.15", "0.2"},      {"-0.250000", "-0.25", "-0.2"},
        {"-0.250001", "-0.250001", "-0.3"}, {"12.340500", "12.3405", "12.3"}, {"-0.040000", "-0.04", "0.0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[AMOUNT_TEXT_SIZE];
        struct amount read;
        assert_true(amount_read(cases[i].in, strlen(cases[i].in), 12, &read));
        amount_print_short(&read, 12, 2, text);
        assert_string_equal(text, cases[i].shorter);
        struct amount narrow = amount_narrow(&read, 11);
        amount_print(&narrow, 1, text);
        assert_string_equal(text, cases[i].narrow);
    }
    struct amount whole;
    char text[AMOUNT_TEXT_SIZE];
    assert_true(amount_read("7", 1, 12, &whole));
    amount_print_short(&whole, 12, 0, text);
    assert_string_equal(text, "7");
    assert_false(amount_read("0.1234567890123", 15, 12, &whole));
    assert_false(amount_read("1.", 2, 12, &whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(division_rounds_half_to_even_whatever_the_size),
        cmocka_unit_test(a_product_divided_by_its_factor_is_what_it_was),
        cmocka_unit_test(signed_sums_agree_with_128_bits),
        cmocka_unit_test(zero_is_never_negative),
        cmocka_unit_test(an_amount_prints_all_its_decimals_and_none_at_scale_zero),
        cmocka_unit_test(what_an_amount_prints_is_read_back),
        cmocka_unit_test(other_texts_are_no_amounts),
        cmocka_unit_test(scales_change_exactly_and_back_half_to_even),
        cmocka_unit_test(a_128_bit_number_is_read_as_it_prints_and_not_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
