/** Suggests emoji for the face of a room by the words of its name, in English and Indonesian. */

import { foldCase } from "../../base/case-fold.ts";

/** Emoji that suit any room, for names that say nothing. */
const GENERAL = ["📚", "✏️", "💡", "🎯", "🌱", "🚀", "⭐", "🧩"] as const;

/** An emoji and words that begin like those of a name. A word after `=` is equal to one. */
const LINES = `
📐 math maths mathematics geometry algebra matematika geometri aljabar
➗ arithmetic calculus hitung kalkulus berhitung
📊 statistics economics data statistik statistika ekonomi laporan report
🔬 science biology ipa=ipa biologi sains laboratory laboratorium lab=lab
🧪 chemistry kimia experiment percobaan eksperimen
⚛️ physics fisika atom nuclear nuklir
🌋 volcano gunung volcanology vulkanik erupsi letusan merapi
🌍 geography earth world geografi bumi dunia ips=ips
🗺️ map travel peta trip tour wisata perjalanan study
🏛️ history museum politics government sejarah politik pemerintahan
⚖️ law civics justice hukum ppkn=ppkn pkn=pkn kewarganegaraan
🔭 astronomy space star sky astronomi antariksa bintang langit
📖 reading literature book novel story bacaan membaca sastra buku cerita
✍️ writing essay poem menulis esai puisi karangan tugas assignment homework pr=pr
🗣️ speaking debate language speech bahasa debat pidato berbicara
🇬🇧 english inggris
🇮🇩 indonesia indonesian
🇫🇷 french perancis prancis
🇯🇵 japanese jepang
🇩🇪 german jerman
🎨 art painting drawing design seni lukis gambar desain kelas=seni
🎵 music song choir musik lagu paduan nyanyi
🎸 band guitar concert gitar konser
🥁 drum marching drumband percussion perkusi
🎭 theatre theater drama stage teater panggung
🎬 film movie video cinema sinema
📷 photo photography camera foto fotografi kamera dokumentasi
💃 dance dancing tari menari
⚽ football soccer futsal sepak bola
🏀 basketball basket
🏐 volleyball voli
🏸 badminton bulutangkis
🏊 swimming swim renang
🏃 sport sports running athletics pe=pe olahraga lari atletik pjok=pjok
🥋 karate taekwondo silat martial beladiri
♟️ chess catur
🎮 game games gaming permainan
💻 computer coding programming code informatics tik=tik it=it komputer informatika pemrograman
🤖 robot robotics ai=ai robotika
🔧 repair workshop engineering teknik bengkel perbaikan
🛠️ project build team proyek projek tim=tim kelompok
🌱 garden plant environment green kebun tanaman lingkungan hijau adiwiyata
🐾 animal pets zoo hewan satwa
🌊 sea ocean water laut air=air sungai river
⛺ camp scout camping pramuka kemah
🥾 hiking mountain mendaki pendakian
🕌 islam mosque agama masjid mushola rohis pai=pai religion
⛪ church christian gereja kristen rohkris
🙏 prayer faith doa iman
🍳 cooking kitchen food masak memasak dapur makanan
🍱 lunch canteen makan kantin bekal
☕ coffee break lounge kopi istirahat santai
🎉 party event celebration festival pesta acara perayaan festival panitia
🎂 birthday ulang
🎓 graduation alumni class kelas wisuda lulusan angkatan school sekolah
🏫 staff teacher teachers guru pengajar dewan
👪 parents family parent orang keluarga wali
📝 exam test quiz ujian tes=tes kuis ulangan remedial
📅 schedule calendar plan jadwal kalender rencana agenda
📣 news announcement info pengumuman berita informasi
❓ help question questions support bantuan tanya pertanyaan
💬 chat talk lobby general obrolan ngobrol umum diskusi discussion
💼 work office business kantor kerja bisnis
💰 money finance treasurer uang keuangan bendahara kas=kas
🛒 shop market shopping toko pasar belanja
🚌 bus transport car kendaraan transportasi mobil
❤️ health love care kesehatan cinta peduli uks=uks pmr=pmr
🚨 safety emergency security keamanan darurat
📰 magazine newspaper journal majalah koran jurnal mading
🧠 psychology brain psikologi otak konseling bk=bk
🔒 private secret rahasia pribadi
`;

interface Line {
  readonly emoji: string;
  readonly beginnings: readonly string[];
  readonly words: readonly string[];
}

function parseLine(line: string): Line {
  const [emoji = "", ...all] = line.split(" ");
  const exact = all.filter((word) => word.includes("="));
  return {
    emoji,
    beginnings: all.filter((word) => !word.includes("=")),
    words: exact.map((word) => word.slice(word.indexOf("=") + 1)),
  };
}

/** Shorter words of a name begin too many others. */
const BEGINNING_LETTERS_MIN = 3;

function matches({ beginnings, words }: Line, word: string): boolean {
  if (words.includes(word)) return true;
  if (word.length < BEGINNING_LETTERS_MIN) return false;
  return beginnings.some((known) => known.startsWith(word) || word.startsWith(known));
}

/** Returns as many emoji as fit a row, those that the first words of the name mean first. */
export function suggestedMarks(name: string): readonly string[] {
  const lines = LINES.trim().split("\n").map(parseLine);
  const words = foldCase(name).split(/[^\p{L}\p{M}]+/u);
  const found = words.flatMap((word) => lines.filter((line) => matches(line, word)));
  const all = [...found.map(({ emoji }) => emoji), ...GENERAL];
  return [...new Set(all)].slice(0, GENERAL.length);
}
