using NativeBuffers.Diagnostics.Tracking;

namespace NativeBuffers.Tests.Allocation.Budgets;

/// <summary>A tree of budgets, and a model of its counts.</summary>
internal sealed class BudgetWorld
{
    private readonly int _error;
    private readonly List<Node> _nodes = [];
    private readonly List<(NativeMemoryOwner<byte> Owner, Node Node)> _blocks = [];
    private readonly List<(NativeMemoryReservation Reservation, Node Node)> _reservations = [];

    private readonly int _scale;

    /// <param name="error">How many bytes the model forgets of each block.</param>
    /// <param name="scale">The factor of all sizes. If it is not 1, the thread has credit in each budget, and peaks are not exact.</param>
    public BudgetWorld(int error, int scale = 1)
    {
        (_error, _scale) = (error, scale);
        NativeAllocator source = scale == 1 ? NativeAllocator.Malloc : NativeAllocator.Default;
        _nodes.Add(new Node(null, 1000 * scale, source.WithBudget(new() { Name = "0", Limit = 1000 * scale })));
        GetCredit(_nodes[0]);
    }

    /// <summary>Does a step, and returns whether the tree agrees with the model afterwards.</summary>
    public bool Step(BudgetStep step) => Apply(step) && _nodes.TrueForAll(Agrees);

    public void FreeAll()
    {
        _blocks.ForEach(static block => block.Owner.Dispose());
        _nodes.ForEach(static node => node.Budget.Dispose());
        Assert.All(_nodes, static node => Assert.Equal((0L, 0L), (node.Budget.UsedBytes, node.Budget.ReservedBytes)));
    }

    private bool Apply(BudgetStep step)
    {
        switch (step)
        {
            case BudgetStep.Plant plant:
                return Plant(_nodes[plant.Above % _nodes.Count], plant.Limit * _scale, int.Min(plant.Reserved, plant.Limit) * _scale);
            case BudgetStep.Allocate allocate:
                Node node = _nodes[allocate.Budget % _nodes.Count];
                if (node.GivesNothing)
                {
                    return true;
                }

                NativeMemoryOwner<byte>? made = null;
                string? refusing = RefusedBy(() => made = NativeMemoryOwner<byte>.Create(allocate.Size * _scale, node.Budget));
                if (made is not null)
                {
                    _blocks.Add((made, node));
                }

                return refusing == Expect(node, () => node.Blocks += allocate.Size * _scale, () => node.Blocks -= allocate.Size * _scale);
            case BudgetStep.Resize resize when _blocks.Count > 0:
                (NativeMemoryOwner<byte> owner, Node its) = _blocks[resize.Block % _blocks.Count];
                long growth = (resize.Size * _scale) - owner.Length;
                return (its.GivesNothing && growth > 0)
                    || RefusedBy(() => owner.Resize(resize.Size * _scale)) == Expect(its, () => its.Blocks += growth, () => its.Blocks -= growth);
            case BudgetStep.Free free when _blocks.Count > 0:
                (NativeMemoryOwner<byte> freed, Node home) = _blocks[free.Block % _blocks.Count];
                _blocks.RemoveAt(free.Block % _blocks.Count);
                home.Blocks -= freed.Length;
                freed.Dispose();
                return true;
            case BudgetStep.Reserve reserve:
                return Reserve(_nodes[reserve.Budget % _nodes.Count], reserve.Size * _scale);
            case BudgetStep.EndReservation end when _reservations.Count > 0:
                (NativeMemoryReservation reservation, Node reserved) = _reservations[end.Reservation % _reservations.Count];
                _reservations.RemoveAt(end.Reservation % _reservations.Count);
                reserved.Reserved -= reserved.IsClosed ? 0 : reservation.ByteCount;
                reservation.Dispose();
                return true;
            case BudgetStep.Close close when close.Budget % _nodes.Count != 0:
                Node closed = _nodes[close.Budget % _nodes.Count];
                closed.IsClosed = true;
                closed.Reserved = 0;
                closed.Budget.Dispose();
                return true;
            default:
                return true;
        }
    }

    private bool Plant(Node above, long limit, long reserved)
    {
        if (above.GivesNothing || _nodes.Count > 12)
        {
            return true;
        }

        var node = new Node(above, limit, null!) { Reserved = reserved };
        _nodes.Add(node);
        string? refusing = RefusedBy(
            () => node.Budget = above.Budget.WithBudget(new() { Name = $"{_nodes.Count}", Limit = limit, ReservedBytes = reserved }));
        string? expected = Expect(above, static () => { }, () => _nodes.Remove(node));
        if (refusing is null)
        {
            GetCredit(node);
        }

        return refusing == expected;
    }

    /// <summary>Asks for no bytes so often that the thread gets credit.</summary>
    private void GetCredit(Node node)
    {
        for (int i = 0; _scale != 1 && i < 40; i++)
        {
            NativeBuffer.Create<byte>(0, node.Budget).Dispose();
        }
    }

    private bool Reserve(Node node, long byteCount)
    {
        if (node.GivesNothing)
        {
            return true;
        }

        string? refusing = RefusedBy(() => _reservations.Add((node.Budget.Reserve(byteCount), node)));
        if (node.Reserved + byteCount > node.Limit)
        {
            node.Refused++;
            return refusing == node.Budget.Name;
        }

        node.Reserved += byteCount;
        return refusing == (node.Above is null ? null : Expect(node.Above, static () => { }, () => node.Reserved -= byteCount));
    }

    /// <summary>The name of the level that should refuse a change; null if none. The change is undone then.</summary>
    private string? Expect(Node first, Action change, Action undo)
    {
        change();
        for (Node? node = first; node is not null; node = node.Above)
        {
            if (Taken(node) > node.Limit)
            {
                undo();
                node.Refused++;
                return node.Budget.Name;
            }
        }

        for (Node? node = first; node is not null; node = node.Above)
        {
            node.Peak = long.Max(node.Peak, Used(node));
        }

        return null;
    }

    private static string? RefusedBy(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (OutOfMemoryException exception)
        {
            return NativeMemoryRefusal.Of(exception)!.BudgetName;
        }
    }

    private bool Agrees(Node node) =>
        node.Budget.UsedBytes == Used(node)
        && (_scale == 1 ? node.Budget.PeakBytes == node.Peak : node.Budget.PeakBytes >= Used(node) && node.Budget.PeakBytes <= node.Limit)
        && node.Budget.ReservedBytes == node.Reserved && node.Budget.RefusedCount == node.Refused;

    private long Used(Node node) => node.Blocks - (node.Blocks > 0 ? _error : 0) + Below(node).Sum(Used);

    private long Taken(Node node) => node.Blocks + Below(node).Sum(child => long.Max(child.Reserved, Taken(child)));

    private IEnumerable<Node> Below(Node node) => _nodes.Where(other => other.Above == node);

    private sealed class Node(Node? above, long limit, NativeMemoryBudget budget)
    {
        public Node? Above { get; } = above;

        public long Limit { get; } = limit;

        public NativeMemoryBudget Budget { get; set; } = budget;

        public long Blocks { get; set; }

        public long Reserved { get; set; }

        public long Peak { get; set; }

        public long Refused { get; set; }

        public bool IsClosed { get; set; }

        public bool GivesNothing => IsClosed || Above is { GivesNothing: true };
    }
}
