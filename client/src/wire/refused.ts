/** A wish the server, or the way to it, could not grant: a word for the program, a sentence for people. */
export class Refused extends Error {
  constructor(
    readonly word: string,
    readonly sentence: string,
    readonly retryAfter: number | null = null,
  ) {
    super(sentence);
    this.name = "Refused";
  }
}

export function sentenceOf(error: unknown): string {
  if (error instanceof Refused) return error.sentence;
  return "Something went wrong. Please try again.";
}
