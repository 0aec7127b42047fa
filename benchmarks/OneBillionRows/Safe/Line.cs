namespace OneBillionRows.Safe;

/// <summary>The parts of a line before its name is looked up. Four of them are stored at once, as four 64-bit lanes.</summary>
/// <param name="KeyLength">Bytes from the line's start to its semicolon, which is part of the key.</param>
/// <param name="Tenths">The temperature in tenths of a degree.</param>
internal readonly record struct Line(int KeyLength, int Tenths);
