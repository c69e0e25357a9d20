import { describe, expect, test } from "bun:test";
import { editorOf } from "../../../src/cli/screen/editor/editor.ts";
import { ScreenQuestions } from "../../../src/cli/screen/questions.ts";
import type { ScreenQuestion } from "../../../src/cli/screen/state/screen-state.ts";

function createQuestions() {
  let visible: ScreenQuestion | undefined;
  const questions = new ScreenQuestions({
    current: () => visible,
    patch: (question) => {
      visible = question;
    },
    unixMs: () => 0,
    texts: () => ({ checking: "checking", promptCancelled: "gone" }),
  });
  const answers: (string | undefined)[] = [];
  const ask = (text: string, kind: ScreenQuestion["kind"] = "secret") => {
    void questions.ask(kind, text).then((answer) => answers.push(answer));
  };
  const type = (text: string) => {
    if (visible !== undefined)
      visible = { ...visible, answer: editorOf(visible.answer.text + text) };
  };
  const end = async (answer: string | undefined) => {
    visible = undefined;
    questions.answered(answer);
    await Promise.resolve();
  };
  const enter = () => end(visible?.answer.text);
  const giveUp = () => end(undefined);
  const screen = () => visible && [visible.kind, visible.text, visible.answer.text];
  const setQuestion = (question: ScreenQuestion | undefined) => {
    visible = question;
  };
  return { questions, ask, type, enter, giveUp, screen, answers, put: setQuestion };
}

describe("hides a typed password", () => {
  test("and adds text typed between two questions to the next answer", async () => {
    const { questions, ask, type, enter, screen, answers } = createQuestions();
    questions.begin();
    ask("Password");
    expect(screen()).toEqual(["secret", "Password", ""]);
    type("wrong");
    await enter();
    expect(answers).toEqual(["wrong"]);
    expect(screen()).toEqual(["secret", "checking", ""]);
    type("rig");
    await enter();
    expect(screen()).toEqual(["secret", "checking", "rig"]);
    ask("Not that one. Password");
    expect(screen()).toEqual(["secret", "Not that one. Password", "rig"]);
    type("ht");
    await enter();
    expect(answers).toEqual(["wrong", "right"]);
    questions.end(true);
    expect(screen()).toBeUndefined();
  });

  test("when the login ends during the question", async () => {
    const { questions, ask, type, enter, screen, answers } = createQuestions();
    questions.begin();
    ask("Password");
    type("secr");
    questions.end(false);
    await Promise.resolve();
    expect(answers).toEqual([undefined]);
    expect(screen()).toEqual(["secret", "gone", ""]);
    type("et");
    await enter();
    expect(answers).toEqual([undefined]);
    expect(screen()).toBeUndefined();
  });
});
