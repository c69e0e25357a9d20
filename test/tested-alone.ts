import { judgeClock } from "../src/cli/doctor/network.ts";
import { bundledFolders, licenseTextIn } from "../src/cli/licenses.ts";
import { barLine } from "../src/cli/output/progress.ts";
import { cursorPlace } from "../src/cli/screen/editor/editor.ts";
import { isKept, withTyped } from "../src/cli/screen/editor/typed-history.ts";
import { chordOf } from "../src/cli/screen/input/keymap.ts";
import { settingOf, variableOf } from "../src/cli/serve/settings.ts";
import { chatFolders, parseConfig } from "../src/cli/settings.ts";
import { nameOf } from "../src/cli/system-user.ts";
import { verifyFolder } from "../src/cli/verify/folder.ts";
import { unpackPage } from "../src/cli/web/page.ts";
import { cells } from "../src/cli/word-wrap.ts";
import { parsePostId } from "../src/core/rooms/dedup.ts";
import { verifyNote } from "../src/crypto/checkpoint.ts";
import { SealEngine } from "../src/crypto/seal/engine.ts";
import { readSealHeader } from "../src/crypto/seal/header.ts";
import { safetyNumber } from "../src/crypto/seal/safety-number.ts";
import { wipe } from "../src/crypto/seal/secrets.ts";
import { importStateKey } from "../src/crypto/seal/state-box.ts";
import { isModest } from "../src/io/lan/mdns-socket.ts";
import { receiveBufferBytes } from "../src/io/quic/udp-socket.ts";
import { rowsOf } from "../src/io/terminal/line-editor.ts";
import { crc32 } from "../src/web/browser/zip-target.ts";
import { countIn } from "../src/web/driver/share.ts";

/**
 * What `src/` exports for tests alone, each with its reason. `knip --production` takes this file
 * for a user, and refuses every other export that no product code imports: such a thing is tested
 * through what uses it, or lives under `test/`.
 */
export const TESTED_ALONE = [
  [cursorPlace, "where the cursor stands, for any text and width, without a screen"],
  [isKept, "what is never written down, without a disk"],
  [withTyped, "doubles of any history, without a disk"],
  [chordOf, "each spelling of a key, and each wrong one"],
  [judgeClock, "its edge is a skew of clocks, which no test machine has"],
  [bundledFolders, "the notices are compared with what the bundler took in"],
  [licenseTextIn, "a package without a licence is not among those that are bundled"],
  [barLine, "any name and width, without a terminal of that width"],
  [variableOf, "the table of docs/settings.md is made from it"],
  [settingOf, "the table of docs/settings.md is made from it"],
  [chatFolders, "the folders of three systems, on one of them"],
  [parseConfig, "the faults of a file, without writing each to a disk"],
  [nameOf, "/etc/passwd cannot be changed for a test"],
  [unpackPage, "the other half of packPage, which build.ts calls"],
  [cells, "rows are measured as the wrapping measures them"],
  [parsePostId, "worlds and their witnesses read the ids of records with it"],
  [verifyFolder, "`chat verify` and backups will ask it"],
  [verifyNote, "each fault of a note, of which the program asks only whether there is one"],
  [SealEngine, "sealed rooms have no client yet"],
  [wipe, "sealed rooms have no client yet"],
  [importStateKey, "sealed rooms have no client yet"],
  [readSealHeader, "sealed rooms have no server yet"],
  [safetyNumber, "sealed rooms have no client yet"],
  [isModest, "the edges of its bounds, where a real datagram would be cut by the system"],
  [receiveBufferBytes, "what the kernel keeps for a socket shows in no other way"],
  [rowsOf, "compared with readline for any line, without a screen"],
  [crc32, "compared with node:zlib, cut anywhere"],
  [countIn, "compared with the topics that `chat share` makes, which is on the other side"],
] as const;
