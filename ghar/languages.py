"""The English names of languages, which people and some clients write instead of ISO 639-1 codes."""

# One "code name" per language; further names of the same language follow after a slash.
LANGUAGES = """
aa Afar, ab Abkhazian, ae Avestan, af Afrikaans, ak Akan, am Amharic, an Aragonese, ar Arabic, as Assamese,
av Avaric, ay Aymara, az Azerbaijani, ba Bashkir, be Belarusian, bg Bulgarian, bi Bislama, bm Bambara,
bn Bengali/Bangla, bo Tibetan, br Breton, bs Bosnian, ca Catalan/Valencian, ce Chechen, ch Chamorro,
co Corsican, cr Cree, cs Czech, cu Church Slavonic, cv Chuvash, cy Welsh, da Danish, de German,
dv Divehi/Dhivehi/Maldivian, dz Dzongkha, ee Ewe, el Greek, en English, eo Esperanto, es Spanish/Castilian,
et Estonian, eu Basque, fa Persian/Farsi, ff Fulah, fi Finnish, fj Fijian, fo Faroese, fr French,
fy Western Frisian/Frisian, ga Irish, gd Gaelic/Scottish Gaelic, gl Galician, gn Guarani, gu Gujarati,
gv Manx, ha Hausa, he Hebrew, hi Hindi, ho Hiri Motu, hr Croatian, ht Haitian/Haitian Creole, hu Hungarian,
hy Armenian, hz Herero, ia Interlingua, id Indonesian, ie Interlingue, ig Igbo, ii Sichuan Yi/Nuosu,
ik Inupiaq, io Ido, is Icelandic, it Italian, iu Inuktitut, ja Japanese, jv Javanese, ka Georgian, kg Kongo,
ki Kikuyu, kj Kuanyama, kk Kazakh, kl Kalaallisut/Greenlandic, km Khmer/Central Khmer, kn Kannada, ko Korean,
kr Kanuri, ks Kashmiri, ku Kurdish, kv Komi, kw Cornish, ky Kirghiz/Kyrgyz, la Latin,
lb Luxembourgish/Letzeburgesch, lg Ganda, li Limburgish/Limburgan, ln Lingala, lo Lao, lt Lithuanian,
lu Luba-Katanga, lv Latvian, mg Malagasy, mh Marshallese, mi Maori, mk Macedonian, ml Malayalam, mn Mongolian,
mr Marathi, ms Malay, mt Maltese, my Burmese, na Nauru, nb Norwegian Bokmål, nd North Ndebele, ne Nepali,
ng Ndonga, nl Dutch/Flemish, nn Norwegian Nynorsk, no Norwegian, nr South Ndebele, nv Navajo/Navaho,
ny Chichewa/Chewa/Nyanja, oc Occitan, oj Ojibwa, om Oromo, or Odia/Oriya, os Ossetian, pa Punjabi/Panjabi,
pi Pali, pl Polish, ps Pashto/Pushto, pt Portuguese, qu Quechua, rm Romansh, rn Rundi, ro Romanian/Moldavian,
ru Russian, rw Kinyarwanda, sa Sanskrit, sc Sardinian, sd Sindhi, se Northern Sami, sg Sango,
si Sinhala/Sinhalese, sk Slovak, sl Slovenian, sm Samoan, sn Shona, so Somali, sq Albanian, sr Serbian,
ss Swati, st Southern Sotho/Sotho, su Sundanese, sv Swedish, sw Swahili, ta Tamil, te Telugu, tg Tajik,
th Thai, ti Tigrinya, tk Turkmen, tl Tagalog, tn Tswana, to Tonga, tr Turkish, ts Tsonga, tt Tatar, tw Twi,
ty Tahitian, ug Uighur/Uyghur, uk Ukrainian, ur Urdu, uz Uzbek, ve Venda, vi Vietnamese, vo Volapük,
wa Walloon, wo Wolof, xh Xhosa, yi Yiddish, yo Yoruba, za Zhuang/Chuang, zh Chinese, zu Zulu
"""
LANGUAGE_CODES = {
    name.casefold(): entry.split()[0]
    for entry in LANGUAGES.replace("\n", " ").split(",")
    for name in entry.split(maxsplit=1)[1].strip().split("/")
}


def language_code(text: str) -> str:
    """Return the ISO 639-1 code of a language given by its code or English name, in any case.

    Any other text is returned in lower case, for a validator to refuse.
    """
    name = " ".join(text.split()).casefold()
    return LANGUAGE_CODES.get(name, name)
