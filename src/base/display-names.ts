/**
 * Display names: names in any alphabet that are shown beside account names. Names that look alike
 * have a skeleton in common (UTS #39), so that nobody can take the name of someone else.
 */

import { utf8Encode } from "./bytes.ts";
import { Fault, msg } from "./fault.ts";
import { DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_CHARS_MAX } from "./limits.ts";
import { ROLE_NAMES } from "./names.ts";

const COMBINING_MARKS_MAX = 4;

/** Recommended scripts of UAX 31. Those that look like Latin are never beside it. */
const UNLIKE_LATIN = [
  ...["Arab", "Armn", "Beng", "Deva", "Ethi", "Geor", "Gujr", "Guru", "Hebr", "Knda", "Khmr"],
  ...["Laoo", "Mlym", "Mymr", "Orya", "Sinh", "Taml", "Telu", "Thaa", "Thai", "Tibt"],
  ...["Hani Hira Kana", "Hani Bopo", "Hani Hang"],
];
const ALPHABETS = [...UNLIKE_LATIN.map((scripts) => `Latn ${scripts}`), "Cyrl", "Grek"].map(
  (scripts) => {
    const letters = scripts.replaceAll(/(\w+) ?/g, "\\p{scx=$1}");
    return new RegExp(`^[${letters}\\p{sc=Zinh}]*$`, "u");
  },
);
const ALLOWED = /^[\p{L}\p{Mn}\p{Mc}\p{Nd} '’ʻʼ.,·・-]*$/u;
const OF_ALL_ALPHABETS = /[0-9 '’ʻʼ.,·・-]/gu;
/** Emoji belong in the status, because a sign beside a name can imitate a role. */
const FORBIDDEN = new RegExp(
  `\\p{DI}|(?:^|[^\\p{L}\\p{M}\\p{Nd}])\\p{M}|\\p{M}{${COMBINING_MARKS_MAX + 1}}`,
  "u",
);

/**
 * Returns the name in the form in which it is stored: NFC, with single spaces.
 * @throws {Fault} name-invalid
 */
export function checkDisplayName(typed: string): string {
  // Limits the cost of normalising a hostile text.
  const start = typed.slice(0, DISPLAY_NAME_BYTES_MAX);
  const text = start.normalize("NFC").trim().replaceAll(/\s+/gu, " ");
  const isShort =
    [...text].length <= DISPLAY_NAME_CHARS_MAX && utf8Encode(text).length <= DISPLAY_NAME_BYTES_MAX;
  if (typed.length > start.length || !isShort) {
    throw invalid(
      msg`a display name has at most ${DISPLAY_NAME_CHARS_MAX} characters`,
      msg`use a shorter one`,
    );
  }
  if (!ALLOWED.test(text) || !/[^\P{L}ʻʼ]/u.test(text) || FORBIDDEN.test(text)) {
    throw invalid(
      msg`a display name consists of letters, digits, spaces and . , ' · -`,
      msg`to show an emoji beside the name: /status`,
    );
  }
  const letters = text.replaceAll(OF_ALL_ALPHABETS, "");
  if (!ALPHABETS.some((alphabet) => alphabet.test(letters))) {
    throw invalid(
      msg`a display name cannot mix letters of these alphabets`,
      msg`use letters of one alphabet`,
    );
  }
  if (skeletonsOf(text).some((skeleton) => RESERVED.has(skeleton)))
    throw invalid(msg`'${text}' is reserved`, msg`choose another name`);
  return text;
}

function invalid(message: ReturnType<typeof msg>, remedy: ReturnType<typeof msg>): Fault {
  return new Fault("name-invalid", message, { remedy });
}

/** Reports whether a client can display the name. */
export function isDisplayName(text: string): boolean {
  try {
    return checkDisplayName(text) === text;
  } catch {
    return false;
  }
}

/** From confusables.txt of Unicode 15: letters that look like a Latin letter or a digit. */
const LOOKALIKES: readonly (readonly [string, string])[] = [
  ["2", "ƧƻꙄꝚ"],
  ["3", "ƷȜЗҘӠꝪꞫ"],
  ["5", "Ƽ"],
  ["6", "б"],
  ["8", "Ȣȣ৪੪"],
  ["9", "৭੧୨൭Ꝯ"],
  ["a", "ɑΑαАа"],
  ["aa", "Ꜳꜳ"],
  ["ae", "ÆæӔӕ"],
  ["ao", "Ꜵꜵ"],
  ["au", "Ꜷꜷ"],
  ["av", "ꜸꜹꜺꜻ"],
  ["ay", "Ꜽꜽ"],
  ["b", "ƀƂƃƄɓΒБВЬѢѣҌҍꞴв"],
  ["bl", "Ы"],
  ["c", "ȼСсҪҫᴄ"],
  ["d", "ÐĐđƉƌɖɗԁ"],
  ["dz", "ʣ"],
  ["e", "ɆɇΕЕеҽҿꬲ"],
  ["f", "ƑƒϜքᵮẝꞘꞙꬵ"],
  ["g", "ƍǤǥɠɡԌցᶃ"],
  ["h", "ĦħɦΗНћҢһӇӉհⱧꚕн"],
  ["j", "ɈɉͿϳЈјꞲ"],
  ["k", "ƙΚКҚҞⱩꝀк"],
  ["l", "IŁłƖƗƚǀɫɭΙІӀ\u05d5\u05df\u0627\u0661\u0673\u06f1ıɨɩɪιіӏᵻᵼꙇ"],
  ["ll", "ǁ\u05f0"],
  ["lo", "Ю"],
  ["ls", "ʪ"],
  ["lz", "ʫ"],
  ["m", "ɱΜϺМӍᵯм"],
  ["n", "ƝƞɳΝηոռᵰп"],
  ["o", "ØøƟɵΘΟθοσОоѲѳӨөՕօ\u05e1\u0647\u0665\u06be\u06c1\u06d5\u06f5\u06ff०০੦૦ଠ"],
  ["o", "୦௦౦೦ഠ൦๐໐တဝ၀ჿዐᴏᴑꝊꝋꬽꬾ"],
  ["oe", "Œœ"],
  ["oo", "ꚘꚙꝎꝏ"],
  ["p", "ƥΡρРрᵽ"],
  ["q", "ʠԛգզ"],
  ["r", "Ʀɍɼɽгғᴦᵲꭇꭈ"],
  ["s", "ƽʂЅѕՏᵴꜱ"],
  ["t", "ŦŧƭƮȾΤТҬᵵт"],
  ["t3", "Ꜩ"],
  ["tf", "ꝷ"],
  ["ts", "ʦ"],
  ["u", "ɄʋυՍսሀᴜᵾꞟꭎꭒ"],
  ["ue", "ᵫ"],
  ["uo", "ꭣ"],
  ["v", "νѴѵ\u05d8\u0667\u06f7ᴠ"],
  ["w", "ɯѡѽԜԝաᴡꝡ"],
  ["x", "ΧХхҲꞳ"],
  ["y", "ƴɎɏɣʏΥγУуҮүҰұყᶌỿꭚ"],
  ["z", "ƵƶȤȥʐΖᴢᵶ"],
];
const LATIN = new Map(
  LOOKALIKES.flatMap(([latin, letters]) => [...letters].map((letter) => [letter, latin] as const)),
);

/**
 * Returns one or two keys. Two names conflict if they have a key in common: one is for the letters
 * as written, and one regardless of case.
 */
export function skeletonsOf(name: string): readonly string[] {
  const [written, small] = [skeletonOf(name), skeletonOf(name.toLowerCase())];
  return written === small ? [written] : [written, small];
}

function skeletonOf(name: string): string {
  const isAscii = /^[\x00-\x7f]*$/.test(name);
  const bare = isAscii ? name : name.normalize("NFKD").replaceAll(STRIPPED_MARKS, "");
  const latin = isAscii ? bare : [...bare].map((letter) => LATIN.get(letter) ?? letter).join("");
  const small = latin
    .toLowerCase()
    .replaceAll(isAscii ? /[^a-z0-9]/g : /[^\p{L}\p{M}\p{N}]|[ʻʼ]/gu, "");
  return small.replaceAll(/[i1]/g, "l").replaceAll("0", "o").replaceAll("rn", "m");
}

/** Marks of Indic and other scripts tell vowels apart, and stay. */
const STRIPPED_MARKS = /[\p{sc=Zinh}\u0591-\u05c7]/gu;

const RESERVED: ReadonlySet<string> = new Set(ROLE_NAMES.flatMap(skeletonsOf));
