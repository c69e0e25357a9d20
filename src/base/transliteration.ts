/** Transliteration of names into Latin letters: the same on every machine, without a dictionary. */

/** Pairs of a letter and its Latin spelling; an empty spelling omits the letter. */
function table(pairs: string): ReadonlyMap<string, string> {
  return new Map(
    pairs.split(/\s+/).map((pair) => {
      const [letter = "", ...latin] = pair;
      return [letter, latin.join("")] as const;
    }),
  );
}

/** Lower-case letters. Names in alphabets without vowels become consonants. */
const LETTERS = table(
  // Latin
  "äae öoe üue ßss æae œoe øo łl đd ıi þth ðd " +
    // Cyrillic
    "аa бb вv гg дd еe ёe жzh зz иi йy кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ъ " +
    "ыy ь эe юyu яya іi їyi єye ґg ўu ђdj јj љlj њnj ћc џdz ѓg ќk ѕdz әa ғg қk ңn өo ұu үu һh " +
    "ҷj ҳh ӣi ӯu " +
    // Greek
    "αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo " +
    // Armenian
    "աa բb գg դd եe զz էe ըy թt ժzh իi լl խkh ծts կk հh ձdz ղgh ճch մm յy նn շsh ոo չch պp ջj " +
    "ռr սs վv տt րr ցts ւv փp քk օo ֆf " +
    // Georgian
    "აa ბb გg დd ეe ვv ზz თt იi კk ლl მm ნn ოo პp ჟzh რr სs ტt უu ფp ქk ღgh ყq შsh ჩch ცts ძdz " +
    "წts ჭch ხkh ჯj ჰh " +
    // Hebrew
    "אa בb גg דd הh וv זz חch טt יy כk ךk לl מm םm נn ןn סs עa פp ףf צts ץts קk רr שsh תt " +
    // Arabic, Persian, Urdu
    "اa بb تt ثth جj حh خkh دd ذdh رr زz سs شsh صs ضd طt ظz عa غgh فf قq كk لl مm نn هh وw يy ىa " +
    "ةa ء أa إi آa ؤw ئy پp چch ژzh گg کk یy ٹt ڈd ڑr ںn ےe ہh ھh ۀh ـ",
);

const THAI = table(
  "กk ขkh ฃkh คkh ฅkh ฆkh งng จch ฉch ชch ซs ฌch ญy ฎd ฏt ฐth ฑth ฒth ณn ดd ตt ถth ทth ธth นn บb " +
    "ปp ผph ฝf พph ฟf ภph มm ยy รr ฤrue ลl ฦlue วw ศs ษs สs หh ฬl อo ฮh ะa ัa าa ำam ิi ีi ึue " +
    "ืue ุu ูu เe แae โo ใai ไai ๅa ๆ ฯ",
);

/** Blocks of Unicode with the layout of ISCII; in the later ones, a final `a` is spoken. */
const INDIC_FIRST = 0x0900;
const INDIC_LAST = 0x0d7f;
const INDIC_BLOCK = 0x80;
const FINAL_A_FIRST = 0x0b80;
const INDIC_LETTERS =
  // 05 to 14, independent vowels; 15 to 39, consonants.
  (
    "a a i i u u ri li e e e ai o o o au k kh g gh n ch chh j jh n t th d dh n t th d dh n n p " +
    "ph b bh m y r r l l l v sh sh s h"
  ).split(" ");
const INDIC_VOWELS = "a i i u u ri ri e e e ai o o o au".split(" "); // 3e to 4c
const INDIC_MORE = "q kh g z r rh f y".split(" "); // 58 to 5f
const VIRAMA = 0x4d;
const NUKTA = 0x3c;

const HANGUL_FIRST = 0xac00;
const HANGUL_INITIALS = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ");
const HANGUL_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(" ");
const HANGUL_FINALS = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ");

/** Hiragana in the order of Unicode, with the small letters that shorten the one before. */
const KANA_LETTERS = (
  "a a i i u u e e o o ka ga ki gi ku gu ke ge ko go sa za shi ji su zu se ze so zo ta da chi ji " +
  "_ tsu zu te de to do na ni nu ne no ha ba pa hi bi pi fu bu pu he be pe ho bo po ma mi mu me " +
  "mo ya ya yu yu yo yo ra ri ru re ro wa wa i e o n vu ka ke"
).split(" ");
const KANA_FIRST = 0x3041;
const KATAKANA_SHIFT = 0x60;

const GREEK_PAIRS: Readonly<Record<string, string>> = {
  ου: "ou",
  αυ: "av",
  ευ: "ev",
  γγ: "ng",
  γχ: "nch",
};

export interface Transliteration {
  /** Unknown letters stay as they are. */
  readonly text: string;
  /** False if a letter has no transliteration. */
  readonly isComplete: boolean;
}

export function transliterate(text: string): Transliteration {
  const words = text.normalize("NFC").split(/(?<=\s)|(?=\s)/u);
  const latin = words.map(latinWord).join("");
  const bare = latin.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  return { text: bare, isComplete: !/[^\P{L}A-Za-z]/u.test(bare) };
}

function latinWord(word: string): string {
  // The small letters of Georgian are used alone.
  const isCaseless = !/\p{Lu}|(?!\p{sc=Geor})\p{Ll}/u.test(word);
  const ordered = word
    .replaceAll(/[ก-ฮ]\u0e4c/gu, "") // A silent letter.
    .replaceAll(/([เแโใไ])([ก-ฮ])/gu, "$2$1")
    .replaceAll(/[\u0e47-\u0e4e]/gu, "");
  const letters = [...greekPairs(ordered)];
  const latin = letters.map((letter, at) => latinLetter(letters, letter, at)).join("");
  const isLoud = /\p{Lu}.*\p{Lu}/u.test(word) && !/\p{Ll}/u.test(word);
  const spoken = isLoud ? shortened(latin).toUpperCase() : shortened(latin);
  const isChanged = spoken !== word;
  return isCaseless && isChanged
    ? spoken.replace(/^[a-z]/, (first) => first.toUpperCase())
    : spoken;
}

function greekPairs(word: string): string {
  const bare = /\p{sc=Grek}/u.test(word) ? word.normalize("NFD").replaceAll(/\u0301/gu, "") : word;
  return bare.replaceAll(/ου|αυ|ευ|γγ|γχ/giu, (pair) => {
    const latin = GREEK_PAIRS[pair.toLowerCase()] ?? pair;
    return pair[0] === pair[0]?.toLowerCase() ? latin : capitalized(latin);
  });
}

function latinLetter(letters: readonly string[], letter: string, at: number): string {
  const code = letter.codePointAt(0) ?? 0;
  if (code < 0x80) return letter;
  if (code >= INDIC_FIRST && code <= INDIC_LAST) return indicLetter(letters, code, at);
  if (code >= HANGUL_FIRST && code <= 0xd7a3) return hangulSyllable(code - HANGUL_FIRST);
  const kana = code - KANA_FIRST - (code > 0x30a0 ? KATAKANA_SHIFT : 0);
  if (kana >= 0 && kana < KANA_LETTERS.length && code <= 0x30f6) return kanaLetter(letter, kana);
  if (letter === "ー") return "";
  const small = letter.toLowerCase();
  const latin =
    LETTERS.get(small) ?? THAI.get(small) ?? LETTERS.get(small.normalize("NFD")[0] ?? "");
  if (latin === undefined) return letter;
  return small === letter ? latin : capitalized(latin);
}

function capitalized(latin: string): string {
  return latin.slice(0, 1).toUpperCase() + latin.slice(1);
}

/** A consonant has the vowel `a` unless a sign replaces it. */
function indicLetter(letters: readonly string[], code: number, at: number): string {
  const offset = (code - INDIC_FIRST) % INDIC_BLOCK;
  if (offset === 1 || offset === 2) return "n";
  if (offset === 3) return "h";
  if (offset >= 0x66 && offset <= 0x6f) return String(offset - 0x66);
  if (offset >= 0x3e && offset <= 0x4c) return INDIC_VOWELS[offset - 0x3e] ?? "";
  const known =
    offset >= 0x58 && offset <= 0x5f ? INDIC_MORE[offset - 0x58] : INDIC_LETTERS[offset - 0x05];
  if (known === undefined || offset < 0x05 || (offset > 0x39 && offset < 0x58)) return "";
  const isVowel = offset <= 0x14;
  if (isVowel) return known;
  const offsetAt = (index: number) => {
    const next = letters[index]?.codePointAt(0) ?? 0;
    return next >= INDIC_FIRST && next <= INDIC_LAST ? (next - INDIC_FIRST) % INDIC_BLOCK : -1;
  };
  const next = offsetAt(at + 1) === NUKTA ? offsetAt(at + 2) : offsetAt(at + 1);
  if (next === VIRAMA || (next >= 0x3e && next <= 0x4c)) return known;
  const isFinal = next === -1 && at > 0 && offsetAt(at - 1) !== VIRAMA && code < FINAL_A_FIRST;
  return isFinal ? known : `${known}a`;
}

function hangulSyllable(index: number): string {
  const initial = HANGUL_INITIALS[Math.floor(index / 588)] ?? "";
  const vowel = HANGUL_VOWELS[Math.floor((index % 588) / 28)] ?? "";
  return initial + vowel + (HANGUL_FINALS[index % 28] ?? "");
}

/** Small letters that change the letter before or after them are upper-case until `shortened`. */
function kanaLetter(letter: string, index: number): string {
  const latin = KANA_LETTERS[index] ?? "";
  if (latin === "_") return "\u0001";
  return /[ゃゅょャュョ]/u.test(letter) ? `\u0002${latin}` : latin;
}

/** `ki` and a small `ya` are `kya`, `shi` and a small `ya` are `sha`; a small `tsu` doubles. */
function shortened(latin: string): string {
  return latin
    .replaceAll(/(sh|ch|j)i\u0002y/g, "$1")
    .replaceAll(/i\u0002/g, "")
    .replaceAll("\u0002", "")
    .replaceAll(/\u0001([a-z])/g, (_, next: string) => (next === "c" ? "tc" : next + next))
    .replaceAll("\u0001", "");
}
