namespace NativeBuffers.Tests.CodeGen;

/// <summary>The machine code of one method, as basic blocks and the loops they form.</summary>
internal sealed class MethodCode
{
    private readonly BasicBlock[] _blocks;
    private readonly string _text;

    private MethodCode(string name, string tier, bool isRbpFrame, BasicBlock[] blocks, string text)
    {
        Name = name;
        Tier = tier;
        IsRbpFrame = isRbpFrame;
        _blocks = blocks;
        _text = text;
    }

    /// <summary>Namespace, type and method: <c>Space.Type:Method</c>.</summary>
    public string Name { get; }

    /// <summary>The tier of its code, in the runtime's words: <c>Tier0</c>, <c>Tier1</c>, <c>FullOpts</c> and more.</summary>
    public string Tier { get; }

    /// <summary>Whether the frame is addressed by <c>rbp</c>; else it is an ordinary register.</summary>
    public bool IsRbpFrame { get; }

    /// <summary>The loops without a loop inside, shortest first.</summary>
    public IReadOnlyList<Loop> InnermostLoops
    {
        get
        {
            Loop[] all = [.. Loop.FindAll(this, _blocks)];
            return [.. all.Where(loop => !all.Any(loop.Encloses)).OrderBy(loop => loop.Instructions.Count)];
        }
    }

    /// <summary>The longest way to the method's end that takes no turn of a loop twice and calls nothing; empty when there is none.</summary>
    /// <remarks>Finding the thread's own statics is no call here, though it looks like one.</remarks>
    public IReadOnlyList<Instruction> LongestPathWithoutCalls
    {
        get
        {
            BasicBlock[] passable = [.. _blocks.Where(block => block.Instructions.All(each => !each.IsCall || each.FindsThreadStatics))];
            return LongestPath(_blocks[0], [.. passable], []) ?? [];
        }
    }

    /// <summary>All instructions, those of exception handlers included.</summary>
    public IEnumerable<Instruction> Instructions => _blocks.SelectMany(static block => block.Instructions);

    /// <summary>Every instruction, in its place, with registers by their names and jumps by where they go: equal for the same machine code.</summary>
    /// <remarks>Addresses that differ from run to run are not compared: those of statics, of types and of texts.</remarks>
    public IReadOnlyList<string> Everything =>
        [.. _blocks.SelectMany(static block => block.Instructions.Select(each => $"{string.Join(',', block.Labels)}: {each.WithoutAddresses}"))];

    /// <summary>Reads one method of a listing, from the words after "Assembly listing for method" on.</summary>
    public static MethodCode Parse(string text)
    {
        string[] lines = StackCookie.Normalize(text.Split('\n'));
        string header = lines[0].Trim();
        int tier = header.LastIndexOf(" (", StringComparison.Ordinal);
        BasicBlock[] blocks = [.. ParseBlocks(lines)];
        Connect(blocks);
        return new MethodCode(
            name: header[..header.IndexOf('(', StringComparison.Ordinal)],
            tier: header[(tier + 2)..^1],
            isRbpFrame: text.Contains("; rbp based frame", StringComparison.Ordinal),
            blocks,
            text);
    }

    public override string ToString() => _text;

    private static IEnumerable<BasicBlock> ParseBlocks(string[] lines)
    {
        List<string> labels = [];
        List<Instruction> instructions = [];
        foreach (string line in lines)
        {
            bool isLabel = line.StartsWith("G_M", StringComparison.Ordinal);
            bool isInstruction = line.StartsWith("       ", StringComparison.Ordinal)
                && !line.TrimStart().StartsWith("align", StringComparison.Ordinal);
            if (isInstruction)
            {
                instructions.Add(new Instruction(line.Trim()));
            }

            bool isOver = isLabel || (isInstruction && (instructions[^1].IsJump || instructions[^1].EndsBlock));
            if (isOver && instructions.Count > 0)
            {
                yield return new BasicBlock(labels, instructions);
                labels = [];
                instructions = [];
            }

            if (isLabel)
            {
                labels.Add(line[..line.IndexOf(':', StringComparison.Ordinal)]);
            }
        }

        if (instructions.Count > 0)
        {
            yield return new BasicBlock(labels, instructions);
        }
    }

    private static void Connect(BasicBlock[] blocks)
    {
        for (int i = 0; i < blocks.Length; i++)
        {
            Instruction last = blocks[i].Instructions[^1];
            if (last.Target is { } target)
            {
                blocks[i].Successors.Add(blocks.Single(block => block.Labels.Contains(target)));
            }

            if (!last.EndsBlock && i + 1 < blocks.Length)
            {
                blocks[i].Successors.Add(blocks[i + 1]);
            }
        }
    }

    private static IReadOnlyList<Instruction>? LongestPath(BasicBlock from, HashSet<BasicBlock> passable, HashSet<BasicBlock> entered)
    {
        if (!passable.Contains(from) || !entered.Add(from))
        {
            return null;
        }

        IReadOnlyList<Instruction>? rest = from.Returns
            ? []
            : from.Successors
                .Select(next => LongestPath(next, passable, entered))
                .Where(path => path is not null)
                .MaxBy(path => path!.Count);
        entered.Remove(from);
        return rest is null ? null : [.. from.Instructions, .. rest];
    }
}
