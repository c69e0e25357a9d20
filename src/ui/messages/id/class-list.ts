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
  "begin with a line such as: {}": "mulai dengan baris seperti: {}",
  "has a first or a last name alone": "hanya berisi nama depan atau nama belakang",
  "add the other, or write both in the column 'display name'":
    "tambahkan yang lain, atau tulis keduanya di kolom 'display name'",
  "has the status {}": "berstatus {}",
  "remove the line, or write left in the column 'role' to close the account":
    "hapus barisnya, atau tulis left di kolom 'role' untuk menutup akunnya",
  "names the room {}, but not what it becomes": "menyebut ruang {}, tetapi bukan perubahannya",
  "write its new name in the column 'rooms', or left in the column 'role' to close it":
    "tulis nama barunya di kolom 'rooms', atau left di kolom 'role' untuk menutupnya",
  "has the id {}, which the spreadsheet has shortened":
    "berisi nomor {}, yang disingkat oleh lembar kerja",
  "format the column as text, and enter the ids again":
    "atur kolomnya sebagai teks, lalu isi nomornya lagi",
  "has no valid id: {}": "berisi nomor yang tidak valid: {}",
  "use up to {} letters, digits and . _ @ / + : -":
    "pakai paling banyak {} huruf, angka, dan . _ @ / + : -",
  "has {}, which may be one room or {}": "berisi {}, bisa satu ruang atau {}",
  "write {}": "tulis {}",
  "write {} for one room, or {} for {}": "tulis {} untuk satu ruang, atau {} untuk {}",
  "write {} for one room, or separate rooms by commas":
    "tulis {} untuk satu ruang, atau pisahkan ruang dengan koma",
  "or call the column 'id' if it is the school's number":
    "atau beri judul 'id' pada kolomnya jika itu nomor induk",
  "names a room that another line renames": "menyebut ruang yang namanya diganti baris lain",
  "names the lobby, which cannot change": "menyebut lobi, yang tidak bisa diubah",
  "remove the line": "hapus barisnya",
  "exchanges the names of rooms": "menukar nama ruang",
  "rename one of them first": "ganti nama salah satunya dahulu",
  "{} was renamed to {} before": "{} sudah diganti namanya menjadi {}",
  "names the room {}, which does not exist": "menyebut ruang {}, yang tidak ada",
  "check the name": "periksa namanya",
  "renames {} to {}, which is another room now":
    "mengganti nama {} menjadi {}, padahal itu ruang lain sekarang",
  "rename or remove {} first, or confirm it if this list was imported before":
    "ganti nama atau hapus {} dahulu, atau pastikan jika daftar ini pernah diimpor",
  "{} is closed": "{} sudah ditutup",
  "has no account to close": "tidak punya akun untuk ditutup",
  "has the name {}, but the id of {}": "berisi nama {}, tetapi nomor {}",
  "write {} in the column 'name', or correct the id":
    "tulis {} di kolom 'name', atau perbaiki nomornya",
  "has the id '{}', which nobody has": "berisi nomor '{}', yang tidak dimiliki siapa pun",
  "add a name": "tambahkan nama",
  "repeats the id '{}' of line {}": "mengulang nomor '{}' dari baris {}",
  "correct one": "perbaiki salah satunya",
  "has the id '{}', which is like '{}' of line {}":
    "berisi nomor '{}', yang mirip dengan '{}' di baris {}",
  "write both as the school does, with their zeros":
    "tulis keduanya seperti di sekolah, dengan angka nolnya",
  "has the id '{}', which is like '{}' of {}": "berisi nomor '{}', yang mirip dengan '{}' milik {}",
  "write it as the school does, with its zeros": "tulis seperti di sekolah, dengan angka nolnya",
  "has the id of {}, whose display name is '{}'": "berisi nomor {}, yang nama tampilannya '{}'",
  "or correct the id": "atau perbaiki nomornya",
  "names {}, whose id is '{}'": "menyebut {}, yang nomornya '{}'",
  "correct the name or the id, or confirm the account":
    "perbaiki nama atau nomornya, atau pastikan akunnya",
  "gives a role to {}, who registered on {} as '{}'":
    "memberi peran kepada {}, yang mendaftar pada {} sebagai '{}'",
  "choose another name, or confirm the account": "pilih nama lain, atau pastikan akunnya",
  "would close the account of the operator {}": "akan menutup akun operator {}",
  "remove the line, or take the role away first": "hapus barisnya, atau cabut perannya dahulu",
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
  "or call the column 'class'": "atau beri kolom itu judul 'kelas'",
  "names the room '{}', which looks like {}{}": "menyebut ruang '{}', yang mirip dengan {}{}",
  "names the room {}, which is now called {}": "menyebut ruang {}, yang sekarang bernama {}",
  "write {} if it is this room, or another name for a new one":
    "tulis {} jika itu ruangnya, atau nama lain untuk ruang baru",
  "adds a member of {}, which was called {} before, to the new {}":
    "menambahkan anggota {}, yang dahulu bernama {}, ke {} yang baru",
  "use a list of this year, or name {} on the line, too":
    "pakai daftar tahun ini, atau sebut juga {} di baris itu",
  "does not use the columns {}": "tidak memakai kolom {}",
  "{} imports this list, and keeps the role of an operator":
    "{} mengimpor daftar ini, dan tetap menjadi operator",
  "{} imports this list, and keeps the role in {}":
    "{} mengimpor daftar ini, dan perannya di {} tetap",
  "is no text but the file of a spreadsheet or another program":
    "bukan teks, melainkan berkas lembar kerja atau program lain",
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
  "the columns are id, name, display name, rooms and role":
    "kolomnya id, name, display name, rooms, dan role",
  "a room has up to {} letters without accents, digits, - and _":
    "nama ruang paling banyak {} huruf tanpa aksen, angka, - dan _",
  "not only digits": "bukan hanya angka",
  "or {} if it is this person's account": "atau {} jika itu akun orang ini",
  "has no valid display name {}": "berisi nama tampilan yang tidak valid {}",
};
