namespace Programs;

/// <summary>One way to write a program.</summary>
/// <param name="Name">The kind of code and memory.</param>
/// <param name="Run">Runs the program on an input, and returns its answer, which all variants share.</param>
internal sealed record Variant(string Name, Func<byte[], int, string> Run);
