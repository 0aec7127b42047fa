using NativeBuffers.Primitives;

namespace NativeBuffers.Allocation.Budgets;

/// <summary>All budgets of one name. The meter shows their sums.</summary>
/// <remarks>
/// The group refers to its budgets weakly: a budget that is not used any more is collected, and leaves the sum. The group also counts
/// refusals, because a budget of one request may be gone before the next collection of metrics. So a name with refusals is kept after its
/// budgets are gone. Beyond <see cref="MostEnded"/> such names, the refusals of the oldest ones move to <see cref="EndedName"/>.
/// </remarks>
internal sealed class BudgetGroup
{
    /// <summary>The name that takes over the refusals of all dropped names.</summary>
    public const string EndedName = "(ended)";

    /// <summary>The number of names that are kept after their last budget is gone.</summary>
    public const int MostEnded = 100;

    private const int FewestMembers = 64;

    private static readonly UninterruptedLock s_lock = new();
    private static readonly Dictionary<string, BudgetGroup> s_all = new(StringComparer.Ordinal);
    private static int s_memberCount;
    private static int s_pruneAt = FewestMembers;
    private static long s_pruneCount;

    /// <summary>Handles without finalizers, freed when their budget is dead. A finalizer makes a budget several times as costly.</summary>
    private readonly List<WeakGCHandle<BudgetLevel>> _members = [];
    private long _refused;

    /// <summary>The count of prunings when the last budget of the name was found dead.</summary>
    private long _endedAt = long.MaxValue;

    /// <summary>Adds a budget to the group of its name.</summary>
    public static BudgetGroup Join(string name, BudgetLevel level)
    {
        using (s_lock.Enter())
        {
            if (s_memberCount >= s_pruneAt)
            {
                Prune();
            }

            BudgetGroup group = Of(name);
            _ = group._members.EnsureCapacity(group._members.Count + 1);
            group._members.Add(new WeakGCHandle<BudgetLevel>(level));
            s_memberCount++;
            return group;
        }
    }

    /// <summary>Each name with the sum of its live budgets, null if none is live, and the count of refusals.</summary>
    public static List<(string Name, (long Used, long? Limit, long Reserved, long SetAside)? Figures, long Refused)> Measure()
    {
        using (s_lock.Enter())
        {
            Prune();
            return [.. s_all.Select(static pair => (pair.Key, pair.Value.Sum(), Volatile.Read(ref pair.Value._refused)))];
        }
    }

    /// <summary>Counts a refusal by one of the budgets.</summary>
    public void CountRefusal() => Interlocked.Increment(ref _refused);

    private static BudgetGroup Of(string name)
    {
        if (!s_all.TryGetValue(name, out BudgetGroup? group))
        {
            group = new BudgetGroup();
            s_all.Add(name, group);
        }

        return group;
    }

    /// <summary>Drops dead budgets and names. It runs when the number of budgets has doubled, so adding one costs constant time on average.</summary>
    private static void Prune()
    {
        s_memberCount = 0;
        s_pruneCount++;
        List<(string Name, BudgetGroup Group)> ended = [];
        foreach ((string name, BudgetGroup group) in s_all)
        {
            _ = group._members.RemoveAll(IsDead);
            s_memberCount += group._members.Count;
            if (group._members.Count > 0)
            {
                group._endedAt = long.MaxValue;
            }
            else if (name != EndedName)
            {
                group._endedAt = long.Min(group._endedAt, s_pruneCount);
                ended.Add((name, group));
            }
        }

        s_pruneAt = int.Max(FewestMembers, 2 * s_memberCount);

        // The names that ended last are kept.
        int kept = 0;
        foreach ((string name, BudgetGroup group) in ended.OrderByDescending(static each => each.Group._endedAt))
        {
            if (group._refused == 0)
            {
                _ = s_all.Remove(name);
            }
            else if (++kept > MostEnded)
            {
                _ = s_all.Remove(name);
                Of(EndedName)._refused += group._refused;
            }
        }
    }

    /// <summary>The sum of the figures of all live budgets; null if there are none. It has a limit only if all of them have one.</summary>
    private (long Used, long? Limit, long Reserved, long SetAside)? Sum()
    {
        (long Used, long? Limit, long Reserved, long SetAside)? sum = null;
        foreach (WeakGCHandle<BudgetLevel> member in _members)
        {
            if (member.TryGetTarget(out BudgetLevel? level) && level.Measure() is { } figures)
            {
                sum = sum is not { } before ? figures : (
                    Add(before.Used, figures.Used),
                    before.Limit is { } left && figures.Limit is { } right ? Add(left, right) : null,
                    Add(before.Reserved, figures.Reserved),
                    Add(before.SetAside, figures.SetAside));
            }
        }

        return sum;

        static long Add(long left, long right) => long.CreateSaturating((Int128)left + right);
    }

    /// <summary>Whether a budget was collected. Frees its handle if so.</summary>
    private static bool IsDead(WeakGCHandle<BudgetLevel> member)
    {
        bool isDead = !member.TryGetTarget(out _);
        if (isDead)
        {
            member.Dispose();
        }

        return isDead;
    }
}
