import { heldBy, testRule } from "./rule.ts";

testRule("signing out ends what the session could do", "sign out", {
  page: heldBy("web/driver/chat.test.ts", "logs out all tabs together"),
  "page: forget": heldBy(
    "page/attachments.test.ts",
    "keeps attached files across a reload, and forgets them at log-out",
  ),
  "full screen": heldBy(
    "e2e/screen-endings.test.ts",
    "hides password input after its prompt is cancelled",
  ),
  "line mode": heldBy("client/connection-loop.test.ts", "keeps the link on log-out"),
  logout: heldBy("e2e/accounts.test.ts", "requires another way to sign in before logout"),
  web: heldBy("web/driver/chat.test.ts", "logs out all tabs together"),
  devices: heldBy(
    "e2e/devices.test.ts",
    "links a second home by a code, which posts, links a third",
  ),
  IRC: heldBy(
    "server/auth/irc-passwords.test.ts",
    "signing an account out closes its IRC sessions",
  ),
});

const CLOSED = heldBy("core/model/room.test.ts", "closes only the removed room");

testRule("a room that was left shows nothing", "leave a room", {
  page: heldBy("ui/parity.test.ts", '"/leave": { lines'),
  "full screen": CLOSED,
  "line mode": CLOSED,
  IRC: heldBy("core/irc/history.test.ts", "TARGETS omits a room that the account leaves meanwhile"),
  kicked: heldBy(
    "server/rooms/queries.test.ts",
    "refuses the history of a room that the user leaves",
  ),
  "encrypted room": heldBy("page/sealed-rooms.test.ts", "no new messages to a removed user"),
});
