namespace NativeBuffers.Tests.CodeGen;

/// <summary>Instructions that run in order: jumps reach only the first and leave only the last.</summary>
/// <param name="labels">The names that jumps use for it; none if no jump leads here.</param>
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
