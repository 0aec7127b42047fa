namespace NativeBuffers.Tests.CodeGen;

/// <summary>Instructions that run one after the other: jumped to only at their start, and left only at their end.</summary>
/// <param name="labels">What jumps call it; none when it is only ever fallen into.</param>
/// <param name="instructions">At least one.</param>
internal sealed class BasicBlock(IReadOnlyList<string> labels, IReadOnlyList<Instruction> instructions)
{
    public IReadOnlyList<string> Labels { get; } = labels;

    public IReadOnlyList<Instruction> Instructions { get; } = instructions;

    /// <summary>The blocks that may be next.</summary>
    public List<BasicBlock> Successors { get; } = [];

    /// <summary>Whether the method is left here.</summary>
    public bool Returns => Instructions[^1].Mnemonic == "ret";

    /// <summary>Whether this is where failed bounds checks go.</summary>
    public bool IsRangeFailure => Instructions[0].Callee?.Contains("RNGCHKFAIL", StringComparison.Ordinal) == true;
}
