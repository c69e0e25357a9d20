/** Indonesian reasons why a line of a class list prevents its import, by English template. */

export const INDONESIAN_PROBLEMS: Readonly<Record<string, string>> = {
  "contains the character {}; save the list as CSV UTF-8":
    "berisi karakter {}; simpan daftar sebagai CSV UTF-8",
  "is not UTF-8: the byte {}, which is '{}' in Windows-1252; save the list as CSV UTF-8":
    "bukan UTF-8: bita {}, yaitu '{}' dalam Windows-1252; simpan daftar sebagai CSV UTF-8",
  "has a quotation mark that does not end, or text after one; correct the quotes":
    "berisi tanda kutip yang tidak ditutup, atau teks sesudahnya; perbaiki tanda kutipnya",
  "names no column 'name'; begin with a line such as: name,rooms,role":
    "tidak menyebut kolom 'name'; mulai dengan baris seperti: name,rooms,role",
  "is one person too many; split the list": "melebihi jumlah orang terbanyak; bagi daftarnya",
  "names nobody": "tidak menyebut siapa pun",
  "has the columns {} and {}; keep one of them": "berisi kolom {} dan {}; sisakan salah satunya",
  "has the unknown column {}; remove or rename it: the columns are name, display name, rooms and role":
    "berisi kolom {} yang tidak dikenal; hapus atau ganti namanya: kolomnya name, display name, rooms, dan role",
  "has no heading over column {}; remove or name it: the columns are name, display name, rooms and role":
    "tidak punya judul untuk kolom {}; hapus atau beri nama: kolomnya name, display name, rooms, dan role",
  "has {} cells, but the first line has only {}: {} is too many; put a cell that contains the separator in quotation marks":
    "berisi {} sel, padahal baris pertama hanya {}: {} berlebih; beri tanda kutip pada sel yang berisi pemisah",
  "has no name; add one, or remove the line":
    "tidak punya nama; tambahkan nama, atau hapus barisnya",
  "has no valid role: {}; use {}": "berisi peran yang tidak valid: {}; pakai {}",
  "has no valid role for a room: {}; use {}:moderator or {}:member":
    "berisi peran ruang yang tidak valid: {}; pakai {}:moderator atau {}:member",
  "has two roles for the room {}; keep one of them":
    "berisi dua peran untuk ruang {}; sisakan salah satunya",
  "has the name {}, which is or looks like that of line {}; tell them apart, for example by an initial":
    "berisi nama {}, yang sama atau mirip dengan nama di baris {}; bedakan, misalnya dengan inisial",
  "has no valid display name {}: {} is not allowed; use letters, digits, spaces and . , ' · -":
    "berisi nama tampilan yang tidak valid {}: {} tidak boleh; pakai huruf, angka, spasi, dan . , ' · -",
  "has no valid display name {}: it has more than {} characters; use a shorter one":
    "berisi nama tampilan yang tidak valid {}: lebih dari {} karakter; pakai yang lebih pendek",
  "has no valid display name {}: a display name cannot mix letters of these alphabets; use letters of one alphabet":
    "berisi nama tampilan yang tidak valid {}: huruf dari beberapa abjad tidak boleh dicampur; pakai huruf satu abjad",
  "has no valid display name {}: it is reserved; choose another name":
    "berisi nama tampilan yang tidak valid {}: nama itu dicadangkan; pilih nama lain",
  "has no valid display name {}: use letters, digits, spaces and . , ' · -":
    "berisi nama tampilan yang tidak valid {}: pakai huruf, angka, spasi, dan . , ' · -",
  "has an invalid room name: {}; a room has up to {} letters without accents, digits, - and _, not only digits; separate rooms by spaces":
    "berisi nama ruang yang tidak valid: {}; nama ruang paling banyak {} huruf tanpa aksen, angka, - dan _, bukan hanya angka; pisahkan ruang dengan spasi",
  "has an invalid room name: {}, because of the character {}; a room has up to {} letters without accents, digits, - and _, not only digits; separate rooms by spaces":
    "berisi nama ruang yang tidak valid: {}, karena karakter {}; nama ruang paling banyak {} huruf tanpa aksen, angka, - dan _, bukan hanya angka; pisahkan ruang dengan spasi",
  "names {}, whose account was removed; remove the line, or choose another name":
    "menyebut {}, yang akunnya sudah dihapus; hapus barisnya, atau pilih nama lain",
  "names {}, formerly {}, whose account was removed; remove the line, or choose another name":
    "menyebut {}, dahulu {}, yang akunnya sudah dihapus; hapus barisnya, atau pilih nama lain",
  "repeats the name '{}' of line {}; give each person a name":
    "mengulang nama '{}' dari baris {}; beri setiap orang nama sendiri",
  "names the account {}, as line {} does; remove one of them":
    "menyebut akun {}, sama seperti baris {}; hapus salah satunya",
  "would give '{}' the name {}, which is the account name of line {}; write a name in the column 'name', such as {}":
    "akan memberi '{}' nama {}, padahal itu nama akun di baris {}; tulis nama di kolom 'name', misalnya {}",
  "would give '{}' the name {}, which is the name of a removed account; write a name in the column 'name', such as {}":
    "akan memberi '{}' nama {}, padahal itu nama akun yang sudah dihapus; tulis nama di kolom 'name', misalnya {}",
  "would give '{}' the name {}, which is a former name of {}{}; write a name in the column 'name', such as {}, or {} if it is this person's account":
    "akan memberi '{}' nama {}, padahal itu nama lama {}{}; tulis nama di kolom 'name', misalnya {}, atau {} jika itu akun orang ini",
  "would give '{}' the name {}, which is an account{}; write a name in the column 'name', such as {}, or {} if it is this person's account":
    "akan memberi '{}' nama {}, padahal itu sudah menjadi akun{}; tulis nama di kolom 'name', misalnya {}, atau {} jika itu akun orang ini",
  "has the name '{}', which is reserved; choose another name":
    "berisi nama '{}', yang dicadangkan; pilih nama lain",
  "has the name '{}', which looks like the display name of {}; choose another":
    "berisi nama '{}', yang mirip dengan nama tampilan {}; pilih yang lain",
  "has the display name '{}', which is or looks like a name of {}; tell them apart, for example by an initial":
    "berisi nama tampilan '{}', yang sama atau mirip dengan nama {}; bedakan, misalnya dengan inisial",
  "has two roles for the room '{}'; keep one of them":
    "berisi dua peran untuk ruang '{}'; sisakan salah satunya",
  "changes a role in the encrypted room {}; use chat admin grant or revoke {} --room {}":
    "mengubah peran di ruang terenkripsi {}; pakai chat admin grant atau revoke {} --room {}",
  "puts {} into {} rooms; at most {} are possible": "memasukkan {} ke {} ruang; paling banyak {}",
  "names '{}', which only a group can have; choose another room":
    "menyebut '{}', nama yang hanya untuk grup; pilih ruang lain",
  "adds {} to the encrypted room {}; its members add people, with /invite":
    "menambahkan {} ke ruang terenkripsi {}; anggotanya yang menambahkan orang, dengan /invite",
  "is one person too many for {}: at most {}": "melebihi jumlah orang untuk {}: paling banyak {}",
  "needs an account too many: a server has {}":
    "memerlukan satu akun terlalu banyak: satu server punya {}",
  "needs a room too many: a server has {}":
    "memerlukan satu ruang terlalu banyak: satu server punya {}",
};
