import { describe, expect, test } from "bun:test";
import { editorOf } from "../../../src/cli/screen/editor/editor.ts";
import { ScreenQuestions } from "../../../src/cli/screen/questions.ts";
import type { Question } from "../../../src/cli/screen/state/screen-state.ts";

function opened() {
  let shown: Question | undefined;
  const questions = new ScreenQuestions({
    current: () => shown,
    patch: (question) => {
      shown = question;
    },
    texts: () => ({ checking: "checking", promptCancelled: "gone" }),
  });
  const told: (string | undefined)[] = [];
  const ask = (text: string, kind: Question["kind"] = "secret") => {
    void questions.ask(kind, text).then((answer) => told.push(answer));
  };
  const type = (text: string) => {
    if (shown !== undefined) shown = { ...shown, answer: editorOf(shown.answer.text + text) };
  };
  const end = async (answer: string | undefined) => {
    shown = undefined;
    questions.answered(answer);
    await Promise.resolve();
  };
  const enter = () => end(shown?.answer.text);
  const giveUp = () => end(undefined);
  const screen = () => shown && [shown.kind, shown.text, shown.answer.text];
  const put = (question: Question | undefined) => {
    shown = question;
  };
  return { questions, ask, type, enter, giveUp, screen, told, put };
}

describe("a typed password stays hidden", () => {
  test("between two questions becomes part of the next answer", async () => {
    const { questions, ask, type, enter, screen, told } = opened();
    questions.begin();
    ask("Password");
    expect(screen()).toEqual(["secret", "Password", ""]);
    type("wrong");
    await enter();
    expect(told).toEqual(["wrong"]);
    expect(screen()).toEqual(["secret", "checking", ""]);
    type("rig");
    await enter(); // Too early: nothing is lost by it.
    expect(screen()).toEqual(["secret", "checking", "rig"]);
    ask("Not that one. Password");
    expect(screen()).toEqual(["secret", "Not that one. Password", "rig"]);
    type("ht");
    await enter();
    expect(told).toEqual(["wrong", "right"]);
    questions.end(true);
    expect(screen()).toBeUndefined();
  });

  test("when the login ends during the question", async () => {
    const { questions, ask, type, enter, screen, told } = opened();
    questions.begin();
    ask("Password");
    type("secr");
    questions.end(false);
    await Promise.resolve();
    expect(told).toEqual([undefined]);
    expect(screen()).toEqual(["secret", "gone", ""]);
    type("et");
    await enter();
    expect(told).toEqual([undefined]);
    expect(screen()).toBeUndefined();
  });
});
