import { expect, test, vi } from "vitest";
import { createFollowing } from "../src/features/following";

function watched(open: () => boolean): { told: string[]; following: ReturnType<typeof createFollowing> } {
  vi.useFakeTimers();
  const told: string[] = [];
  const following = createFollowing((users) => {
    if (!open()) return false;
    told.push(users.join(" "));
    return true;
  });
  return { told, following };
}

test("what several parts of the page show is told as one", () => {
  const { told, following } = watched(() => true);
  following.show("list", ["a", "b"]);
  following.show("calls", ["b", "c", ""]);
  vi.runAllTimers();
  following.show("calls", ["c"]);
  vi.runAllTimers();
  expect(told).toEqual(["a b c"]);
});

test("what a hello said is not said again, and what came after it is", () => {
  let open = false;
  const { told, following } = watched(() => open);
  following.show("list", ["a"]);
  expect(following.introduce()).toEqual(["a"]);
  following.show("list", ["a", "b"]);
  vi.runAllTimers();
  expect(told).toEqual([]);
  open = true;
  following.settle();
  following.settle();
  expect(told).toEqual(["a b"]);
});
