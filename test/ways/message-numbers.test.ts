import { exempt, heldBy, testRule } from "./rule.ts";

testRule("a number before the text names the message, else it is the last one", "name a message", {
  page: heldBy("ui/parity.test.ts", '"/edit of a number"'),
  "full screen": heldBy("ui/parity.test.ts", '"/edit of a number"'),
  "line mode": heldBy("ui/parity.test.ts", '"/edit of a number"'),
  command: exempt("a command always takes the number, because a script has no last message"),
  IRC: exempt("IRC clients name messages by msgid, and show no numbers"),
});
