/** A number into the clipboard, and a word that it is there. */
import { say, sayTrouble } from "./toasts.svelte";

export function copyNumber(number: string): void {
  const clipboard = navigator.clipboard as Clipboard | undefined; // there is none on a page without HTTPS
  const copied = clipboard ? clipboard.writeText(number) : Promise.reject(new Error("no clipboard"));
  copied.then(
    () => {
      say(`${number} is copied.`);
    },
    () => {
      sayTrouble(`Your browser does not let Offhook copy. The number is ${number}.`);
    },
  );
}
