namespace NativeBuffers.Tests.CodeGen;

/// <summary>A loop in machine code: the blocks from which one comes back to its start without leaving it.</summary>
/// <remarks>
/// The natural loop of compiler books: an edge leads back to a block that every way to the edge has passed. All blocks
/// that reach the edge without passing that block again belong to the loop. Cold code that the compiler moved away is then
/// found where it belongs, and a mere jump backwards is no loop.
/// </remarks>
internal sealed class Loop
{
    private readonly MethodCode _method;
    private readonly BasicBlock _start;
    private readonly HashSet<BasicBlock> _blocks;

    private Loop(MethodCode method, BasicBlock start, HashSet<BasicBlock> blocks, IEnumerable<BasicBlock> inOrder)
    {
        _method = method;
        _start = start;
        _blocks = blocks;
        Instructions = [.. inOrder.Where(blocks.Contains).SelectMany(block => block.Instructions)];
    }

    /// <summary>All of them, whether each turn takes them or not.</summary>
    public IReadOnlyList<Instruction> Instructions { get; }

    /// <summary>The instructions, with registers named by when they come first: equal for loops that differ in registers alone.</summary>
    public IReadOnlyList<string> Shape
    {
        get
        {
            List<string> registers = [];
            Dictionary<string, int> labels = [];
            foreach (Instruction jump in Instructions.Where(each => each.Target is not null))
            {
                labels.TryAdd(jump.Target!, labels.Count);
            }

            return [.. Instructions.Select(each => each.Rename(registers, labels))];
        }
    }

    /// <summary>How many times a turn may leave for a failed bounds check.</summary>
    public int BoundsChecks => _blocks.Sum(block => block.Successors.Count(next => next.IsRangeFailure));

    /// <summary>How many calls there are in it.</summary>
    public int Calls => Instructions.Count(instruction => instruction.IsCall);

    /// <summary>How many times general registers are loaded from the stack frame.</summary>
    public int FrameReads => Instructions.Count(instruction => instruction.ReadsFrame(_method.IsRbpFrame));

    /// <summary>How many times registers are stored to the stack frame.</summary>
    public int FrameWrites => Instructions.Count(instruction => instruction.WritesFrame(_method.IsRbpFrame));

    /// <summary>Whether it works on vectors: in the program with the loops, only the clearing of a new buffer does.</summary>
    public bool IsOfVectors => Instructions.Any(instruction => instruction.Text.Contains("ymm", StringComparison.Ordinal));

    /// <summary>Whether another loop is inside this one.</summary>
    public bool Encloses(Loop other) => other._start != _start && _blocks.Contains(other._start);

    public static IEnumerable<Loop> FindAll(MethodCode method, BasicBlock[] blocks)
    {
        Dictionary<BasicBlock, HashSet<BasicBlock>> passed = PassedBefore(blocks);
        var loops = new Dictionary<BasicBlock, HashSet<BasicBlock>>();
        foreach (BasicBlock end in passed.Keys)
        {
            foreach (BasicBlock start in end.Successors.Where(passed[end].Contains))
            {
                if (!loops.TryGetValue(start, out HashSet<BasicBlock>? members))
                {
                    loops.Add(start, members = [start]);
                }

                AddAllThatReach(end, members, passed.Keys);
            }
        }

        return loops.Select(loop => new Loop(method, loop.Key, loop.Value, blocks));
    }

    public override string ToString() => string.Join('\n', Instructions);

    private static void AddAllThatReach(BasicBlock end, HashSet<BasicBlock> members, IEnumerable<BasicBlock> reachable)
    {
        if (members.Add(end))
        {
            foreach (BasicBlock before in reachable.Where(block => block.Successors.Contains(end)).ToArray())
            {
                AddAllThatReach(before, members, reachable);
            }
        }
    }

    /// <summary>For each block that can be reached, those that every way from the entry to it passes, itself included.</summary>
    private static Dictionary<BasicBlock, HashSet<BasicBlock>> PassedBefore(BasicBlock[] blocks)
    {
        HashSet<BasicBlock> reachable = [];
        AddAllReachedFrom(blocks[0], reachable);
        var passed = reachable.ToDictionary(block => block, _ => new HashSet<BasicBlock>(reachable));
        passed[blocks[0]] = [blocks[0]];
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (BasicBlock block in reachable.Where(block => block != blocks[0]))
            {
                int count = passed[block].Count;
                foreach (BasicBlock before in reachable.Where(before => before.Successors.Contains(block)))
                {
                    passed[block].IntersectWith(passed[before]);
                    passed[block].Add(block);
                }

                changed |= passed[block].Count != count;
            }
        }

        return passed;
    }

    private static void AddAllReachedFrom(BasicBlock block, HashSet<BasicBlock> reached)
    {
        if (reached.Add(block))
        {
            block.Successors.ForEach(next => AddAllReachedFrom(next, reached));
        }
    }
}
