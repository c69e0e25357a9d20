/** Headings of a list of people, as schools' systems and spreadsheets write them. */

/** Headings in six languages, as `plainWord` returns them. */
const COLUMNS = {
  id: [
    ...["id", "ids", "external id", "sis id", "sis user id", "user id", "sourcedid"],
    ...["student id", "student number", "pupil number", "pupil id", "id number", "idnumber"],
    ...["employee id", "import id", "org defined id", "codice fiscale", "identificativo"],
    ...["identifier", "school number", "admission number", "upn", "externkey"],
    ...["nomor induk", "no induk", "nis", "nisn", "nipd", "nip", "nuptk"],
    ...["kennung", "schulernummer", "schuler id", "id nummer", "interne id nummer"],
    ...["schlussel (extern)", "externer schlussel", "ausweisnummer", "matrikelnummer"],
    ...["matricule", "ine", "matricula", "табельный номер"],
  ],
  name: [
    ...["name", "names", "user", "users", "username", "user name", "login", "account"],
    ...["account name", "login id", "sis login id"],
    ...["nama", "pengguna", "nama pengguna", "akun", "nama akun"],
    ...["benutzer", "benutzername", "konto", "kontoname", "namen", "anmeldename"],
    ...["nom", "utilisateur", "nom d'utilisateur", "identifiant", "compte"],
    ...["nombre", "usuario", "nombre de usuario", "cuenta"],
    ...["имя", "имя пользователя", "пользователь", "логин", "аккаунт"],
    ...["pupil", "pupils", "student", "students", "participant", "participants"],
    ...["siswa", "nama siswa", "nama peserta didik", "peserta didik", "peserta"],
    ...["schuler", "schulerin", "teilnehmer", "eleve", "eleves", "alumno", "alumnos"],
    ...["ученик", "ученики"],
  ],
  displayName: [
    ...["display name", "displayname", "display names", "full name", "fullname"],
    ...["student name", "pupil name", "learner name"],
    ...["nama tampilan", "nama lengkap"],
    ...["anzeigename", "anzeigenamen", "vollstandiger name", "voller name"],
    ...["nom affiche", "nom complet", "nom d'affichage"],
    ...["nombre visible", "nombre completo", "nombre para mostrar"],
    ...["отображаемое имя", "полное имя", "фио"],
  ],
  firstName: [
    ...["first name", "firstname", "first names", "given name", "givenname", "given names"],
    ...["forename", "forenames", "nama depan", "vorname", "vornamen", "rufname"],
    ...["prenom", "prenoms", "nombres", "primer nombre", "nome", "nomi"],
  ],
  lastName: [
    ...["last name", "lastname", "surname", "surnames", "family name", "familyname", "longname"],
    ...["nama belakang", "nama keluarga", "nachname", "familienname", "zuname"],
    ...["nom de famille", "apellido", "apellidos", "фамилия", "cognome", "cognomi"],
  ],
  rooms: [
    ...["room", "rooms", "room name", "room names", "ruang", "ruangan", "nama ruang"],
    ...["raum", "raume", "raumname", "raumnamen", "salle", "salles", "salon", "salons"],
    ...["sala", "salas", "комната", "комнаты"],
  ],
  /** A cell has one class, whose name may have spaces. */
  classroom: [
    ...["class", "classes", "class name", "homeroom", "form", "group", "groups", "section"],
    ...["sections", "reg group", "registration group", "tutor group", "form group", "enrolled in"],
    ...["learner enrolled in class(es)"],
    ...["cohort", "cohort1", "course", "courses", "course1", "course id", "team"],
    ...["kelas", "nama kelas", "rombel", "rombel saat ini", "rombongan belajar"],
    ...["klasse", "klassen", "klassenname", "klasse.name", "klasse/information", "gruppe", "kurs"],
    ...["classe", "classi", "groupe", "clase", "grupo", "класс", "группа"],
  ],
  role: [...["role", "roles", "peran", "rolle", "rollen", "rol"], ...["роль", "роли"]],
  status: ["status", "enrollment status", "user status", "keadaan"],
} as const;

export type ListColumn = keyof typeof COLUMNS;

/** Headings of names that tell an account from a person, if a table has a login, too. */
const PERSON_HEADINGS: ReadonlySet<string> = new Set([
  ...["name", "nama", "pupil", "pupils", "student", "students", "participant", "participants"],
  ...["siswa", "nama siswa", "nama peserta didik", "peserta didik", "peserta", "schuler"],
  ...["schulerin", "teilnehmer", "eleve", "eleves", "alumno", "alumnos", "ученик", "ученики"],
]);
const LOGIN_HEADINGS: ReadonlySet<string> = new Set([
  ...["username", "user name", "login", "login id", "sis login id", "nama pengguna"],
  ...["benutzername", "anmeldename", "nom d'utilisateur", "nombre de usuario"],
  ...["имя пользователя", "логин"],
]);

/** Headings that mean a whole name, unless another column has the first or last name. */
const HALF_NAMES: ReadonlySet<string> = new Set(["name", "nama", "nom", "nombre", "имя"]);

/** Columns of known systems that an import does not need. */
const IGNORED: ReadonlySet<string> = new Set([
  ...["email", "e mail", "email address", "mail", "surel", "courriel", "correo", "password"],
  ...["gender", "sex", "jk", "jenis kelamin", "l/p", "geschlecht", "sexe", "sexo", "пол"],
  ...["birthday", "date of birth", "birth date", "tanggal lahir", "tempat lahir"],
  ...["geburtsdatum", "geburtsort", "date de naissance", "fecha de nacimiento"],
  ...[
    "number",
    "nomor",
    "numero",
    "номер",
    "no",
    "no.",
    "nr",
    "nr.",
    "lfd. nr.",
    "#",
    "№",
    "middle name",
    "middlename",
  ],
  ...["grade", "grades", "jahrgang", "tingkat", "year", "school", "sekolah", "schule"],
  ...["phone", "sms", "telepon", "telefon", "address", "alamat", "city", "country", "lang"],
  ...["sortable name"],
  ...["root account", "created by sis", "avatar", "picture", "datelastmodified", "enableduser"],
  ...["orgsourcedids", "userids", "agentsourcedids", "integration id", "pronouns", "ponts"],
  ...["org unit path", "locale", "auth", "institution", "department"],
]);

export type Columns = ReadonlyMap<ListColumn, number>;

export interface Headings {
  readonly columns: Columns;
  /** Pairs of columns of which only one can be meant. */
  readonly doubles: readonly (readonly [number, number])[];
  /** Columns whose headings are unknown. */
  readonly unknown: readonly number[];
}

/** Lower case, without accents, and with a space for each hyphen, underscore and odd space. */
export function plainWord(cell: string): string {
  return cell
    .normalize("NFKD")
    .replaceAll(/(?!\u0306)\p{M}/gu, "")
    .normalize("NFC")
    .toLowerCase()
    .replaceAll("’", "'")
    .replaceAll(/[\s_\p{Pd}\p{Cf}]+/gu, " ")
    .trim();
}

export function headingsOf(head: readonly string[]): Headings {
  const words = head.map(headingWord);
  const columns = new Map<ListColumn, number>();
  const doubles: (readonly [number, number])[] = [];
  const unknown: number[] = [];
  for (const [at, word] of words.entries()) {
    const column = columnOf(word);
    if (column === undefined) {
      if (!IGNORED.has(word)) unknown.push(at);
      continue;
    }
    const first = columns.get(column);
    if (first === undefined) columns.set(column, at);
    else if (column === "id" && hasNationalId(words, first, at)) {
      if (words[at] === NATIONAL_ID) columns.set("id", at);
    } else if (column === "name" && !columns.has("displayName") && isLogin(words, first, at)) {
      const isFirst = LOGIN_HEADINGS.has(words[first] ?? "");
      columns.set("name", isFirst ? first : at);
      columns.set("displayName", isFirst ? at : first);
    } else doubles.push([first, at]);
  }
  pairNames(columns, words);
  const [rooms, classroom] = [columns.get("rooms"), columns.get("classroom")];
  if (rooms !== undefined && classroom !== undefined) doubles.push([rooms, classroom]);
  return { columns, doubles, unknown };
}

/** A program may add its own word for a column, such as "Full name (FULL_NAME)". */
function headingWord(cell: string): string {
  const word = plainWord(cell);
  if (columnOf(word) !== undefined || !/[\])]$/.test(word)) return word;
  const end = Math.max(word.lastIndexOf("("), word.lastIndexOf("["));
  return end > 0 ? word.slice(0, end).trim() : word;
}

/** Number that a pupil of an Indonesian school keeps; the one of the school stands beside it. */
const NATIONAL_ID = "nisn";

function hasNationalId(words: readonly string[], first: number, second: number): boolean {
  return words[first] !== words[second] && [words[first], words[second]].includes(NATIONAL_ID);
}

function columnOf(word: string): ListColumn | undefined {
  const all = Object.entries(COLUMNS) as [ListColumn, readonly string[]][];
  return all.find(([, names]) => names.includes(word))?.[0];
}

/** Whether one of two columns with names has the logins, and the other one the people. */
function isLogin(words: readonly string[], first: number, second: number): boolean {
  const [one = "", other = ""] = [words[first], words[second]];
  return (
    (LOGIN_HEADINGS.has(one) && PERSON_HEADINGS.has(other)) ||
    (LOGIN_HEADINGS.has(other) && PERSON_HEADINGS.has(one))
  );
}

/** Beside a first name, "Name" is the last name, and beside a last name the first one. */
function pairNames(columns: Map<ListColumn, number>, words: readonly string[]): void {
  const name = columns.get("name");
  const [hasFirst, hasLast] = [columns.has("firstName"), columns.has("lastName")];
  if (name === undefined || hasFirst === hasLast || !HALF_NAMES.has(words[name] ?? "")) return;
  columns.delete("name");
  columns.set(hasFirst ? "lastName" : "firstName", name);
}
