/** Indonesian reasons why a line of a class list prevents its import, by English template. */

export const INDONESIAN_PROBLEMS: Readonly<Record<string, string>> = {
  "contains the character {}": "berisi karakter {}",
  "save the list as CSV UTF-8": "simpan daftar sebagai CSV UTF-8",
  "is not UTF-8: the byte {}, which is '{}' in Windows-1252":
    "bukan UTF-8: bita {}, yaitu '{}' dalam Windows-1252",
  "has a quotation mark that does not end, or text after one":
    "berisi tanda kutip yang tidak ditutup, atau teks sesudahnya",
  "correct the quotes": "perbaiki tanda kutipnya",
  "names no column 'name'": "tidak menyebut kolom 'name'",
  "begin with a line such as: name,rooms,role": "mulai dengan baris seperti: name,rooms,role",
  "is one person too many": "melebihi jumlah orang terbanyak",
  "split the list": "bagi daftarnya",
  "names nobody": "tidak menyebut siapa pun",
  "has the columns {} and {}": "berisi kolom {} dan {}",
  "keep one of them": "sisakan salah satunya",
  "has the unknown column {}": "berisi kolom {} yang tidak dikenal",
  "has no heading over column {}": "tidak punya judul untuk kolom {}",
  "has {} cells, but the first line has only {}: {} is too many":
    "berisi {} sel, padahal baris pertama hanya {}: {} berlebih",
  "put a cell that contains the separator in quotation marks":
    "beri tanda kutip pada sel yang berisi pemisah",
  "has no name": "tidak punya nama",
  "add one, or remove the line": "tambahkan nama, atau hapus barisnya",
  "has no valid role: {}": "berisi peran yang tidak valid: {}",
  "use {}": "pakai {}",
  "has no valid role for a room: {}": "berisi peran ruang yang tidak valid: {}",
  "use {}:moderator or {}:member": "pakai {}:moderator atau {}:member",
  "has two roles for the room {}": "berisi dua peran untuk ruang {}",
  "has the name {}, which is or looks like that of line {}":
    "berisi nama {}, yang sama atau mirip dengan nama di baris {}",
  "tell them apart, for example by an initial": "bedakan, misalnya dengan inisial",
  "has no valid display name {}: {} is not allowed":
    "berisi nama tampilan yang tidak valid {}: {} tidak boleh",
  "use letters, digits, spaces and . , ' · -": "pakai huruf, angka, spasi, dan . , ' · -",
  "has no valid display name {}: it has more than {} characters":
    "berisi nama tampilan yang tidak valid {}: lebih dari {} karakter",
  "use a shorter one": "pakai yang lebih pendek",
  "has no valid display name {}: a display name cannot mix letters of these alphabets":
    "berisi nama tampilan yang tidak valid {}: huruf dari beberapa abjad tidak boleh dicampur",
  "use letters of one alphabet": "pakai huruf satu abjad",
  "has no valid display name {}: it is reserved":
    "berisi nama tampilan yang tidak valid {}: nama itu dicadangkan",
  "choose another name": "pilih nama lain",
  "has an invalid room name: {}": "berisi nama ruang yang tidak valid: {}",
  "separate rooms by spaces": "pisahkan ruang dengan spasi",
  "has an invalid room name: {}, because of the character {}":
    "berisi nama ruang yang tidak valid: {}, karena karakter {}",
  "names {}, whose account was removed": "menyebut {}, yang akunnya sudah dihapus",
  "remove the line, or choose another name": "hapus barisnya, atau pilih nama lain",
  "names {}, formerly {}, whose account was removed":
    "menyebut {}, dahulu {}, yang akunnya sudah dihapus",
  "repeats the name '{}' of line {}": "mengulang nama '{}' dari baris {}",
  "has the name {}, which no account can have": "berisi nama {}, yang tidak bisa menjadi nama akun",
  "write for example {}": "tulis misalnya {}",
  "names {}, a former name of {}": "menyebut {}, nama lama {}",
  "has the display name of the account {}": "berisi nama tampilan akun {}",
  "a role needs the account's name": "peran memerlukan nama akun",
  "write {} in the column 'name' if it is this person":
    "tulis {} di kolom 'name' jika itu orang ini",
  "or another name": "atau nama lain",
  "or {} for a new account": "atau {} untuk akun baru",
  "names the room {}, which is now called {}": "menyebut ruang {}, yang sekarang bernama {}",
  "write {} if it is this room, or another name for a new one":
    "tulis {} jika itu ruangnya, atau nama lain untuk ruang baru",
  "names the room {}, which {} made": "menyebut ruang {}, yang dibuat {}",
  "choose another room, or confirm this one": "pilih ruang lain, atau pastikan yang ini",
  "give each person a name": "beri setiap orang nama sendiri",
  "names the account {}, as line {} does": "menyebut akun {}, sama seperti baris {}",
  "remove one of them": "hapus salah satunya",
  "would give '{}' the name {}, which is the account name of line {}":
    "akan memberi '{}' nama {}, padahal itu nama akun di baris {}",
  "write a name in the column 'name', such as {}": "tulis nama di kolom 'name', misalnya {}",
  "would give '{}' the name {}, which is the name of a removed account":
    "akan memberi '{}' nama {}, padahal itu nama akun yang sudah dihapus",
  "would give '{}' the name {}, which is a former name of {}{}":
    "akan memberi '{}' nama {}, padahal itu nama lama {}{}",
  "would give '{}' the name {}, which is an account{}":
    "akan memberi '{}' nama {}, padahal itu sudah menjadi akun{}",
  "has the name '{}', which is reserved": "berisi nama '{}', yang dicadangkan",
  "has the name '{}', which looks like the display name of {}":
    "berisi nama '{}', yang mirip dengan nama tampilan {}",
  "has the display name '{}', which is or looks like a name of {}":
    "berisi nama tampilan '{}', yang sama atau mirip dengan nama {}",
  "has two roles for the room '{}'": "berisi dua peran untuk ruang '{}'",
  "changes a role in the encrypted room {}": "mengubah peran di ruang terenkripsi {}",
  "use chat admin grant or revoke {} --room {}": "pakai chat admin grant atau revoke {} --room {}",
  "puts {} into {} rooms": "memasukkan {} ke {} ruang",
  "at most {} are possible": "paling banyak {}",
  "names '{}', which only a group can have": "menyebut '{}', nama yang hanya untuk grup",
  "choose another room": "pilih ruang lain",
  "adds {} to the encrypted room {}": "menambahkan {} ke ruang terenkripsi {}",
  "its members add people, with /invite": "anggotanya yang menambahkan orang, dengan /invite",
  "is one person too many for {}: at most {}": "melebihi jumlah orang untuk {}: paling banyak {}",
  "needs an account too many: a server has {}":
    "memerlukan satu akun terlalu banyak: satu server punya {}",
  "needs a room too many: a server has {}":
    "memerlukan satu ruang terlalu banyak: satu server punya {}",
  "remove or rename it": "hapus atau ganti namanya",
  "remove or name it": "hapus atau beri nama",
  "the columns are name, display name, rooms and role":
    "kolomnya name, display name, rooms, dan role",
  "a room has up to {} letters without accents, digits, - and _":
    "nama ruang paling banyak {} huruf tanpa aksen, angka, - dan _",
  "not only digits": "bukan hanya angka",
  "or {} if it is this person's account": "atau {} jika itu akun orang ini",
  "has no valid display name {}": "berisi nama tampilan yang tidak valid {}",
};
