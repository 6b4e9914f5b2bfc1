"""The decimals of currencies: ISO 4217's minor units where they are not 2 (CONTRACT §3, `bill_scale`)."""

_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_OF = {code: decimals for decimals, codes in _DECIMALS.items() for code in codes.split()}


def minor_unit(currency):
    """Decimals of the currency's minor unit; 2 where the list has no number, too."""
    return _OF.get(currency, 2)
