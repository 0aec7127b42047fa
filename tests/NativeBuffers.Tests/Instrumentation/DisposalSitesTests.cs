using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using NativeBuffers.Diagnostics.Tracking;
using NativeBuffers.Instrumentation;

namespace NativeBuffers.Tests.Instrumentation;

/// <summary>How a disposal finds its line: exactly for the first blocks of a line, and then as a rule.</summary>
public class DisposalSitesTests
{
    private const int Looks = 16;

    [Fact]
    public void The_first_disposals_are_found_exactly()
    {
        var sites = new DisposalSites();
        for (int i = 0; i < Looks / 2; i++)
        {
            AllocationSite first = sites.Find(typeof(int), isExact: false); int line = Line();
            AllocationSite second = sites.Find(typeof(int), isExact: false);
            Assert.Equal((Site(line), Site(line + 1)), (first.ToString(), second.ToString()));
        }
    }

    [Fact]
    public void Later_ones_have_the_line_of_the_first_as_a_rule()
    {
        var sites = new DisposalSites();
        int line = 0;
        for (int i = 0; i < Looks; i++)
        {
            _ = sites.Find(typeof(int), isExact: false); line = Line();
        }

        Assert.Equal($"{Site(line)} (as a rule)", sites.Find(typeof(int), isExact: false).ToString());
        Assert.Equal(Site(Line()), sites.Find(typeof(int), isExact: true).ToString());
    }

    [Fact]
    public void Later_ones_have_no_line_where_the_first_had_several()
    {
        var sites = new DisposalSites();
        for (int i = 0; i < Looks / 2; i++)
        {
            _ = sites.Find(typeof(int), isExact: false);
            _ = sites.Find(typeof(int), isExact: false);
        }

        Assert.Equal("", sites.Find(typeof(int), isExact: false).ToString());
    }

    [Fact]
    public void A_second_disposal_is_found_once_a_line()
    {
        var sites = new DisposalSites();
        int found = 0;
        for (int i = 0; i < 3; i++)
        {
            found += sites.IsMistake(typeof(int), AllocationSite.Unknown, out AllocationSite? one) && one is not null ? 1 : 0;
            found += sites.IsMistake(typeof(int), AllocationSite.Unknown, out AllocationSite? two) && two is not null ? 1 : 0;
        }

        Assert.Equal(2, found);
    }

    [Fact]
    public void Two_disposals_at_one_line_are_no_mistake()
    {
        var sites = new DisposalSites();
        for (int i = 0; i < 2 * Looks; i++)
        {
            (AllocationSite first, bool isMistake) =
                (sites.Find(typeof(int), isExact: true), sites.IsMistake(typeof(int), sites.Find(typeof(int), isExact: true), out _));
            Assert.False(isMistake, first.ToString());
        }
    }

    [Fact]
    public void A_deep_stack_is_not_looked_at_each_time()
    {
        var sites = new DisposalSites();
        for (int i = 0; i < Looks; i++)
        {
            Assert.StartsWith(
                $"{nameof(DisposalSitesTests)}.cs:",
                Below(500, () => sites.Find(typeof(int), isExact: true)).ToString(),
                StringComparison.Ordinal);
        }

        Assert.EndsWith(" (as a rule)", Below(500, () => sites.Find(typeof(int), isExact: true)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lack_of_memory_costs_the_line_alone()
    {
        var sites = new DisposalSites();
        for (int i = 0; i <= Looks; i++)
        {
            Assert.Same(AllocationSite.Unknown, sites.Find(new Nameless(), isExact: false));
        }

        Assert.True(sites.IsMistake(new Nameless(), AllocationSite.Abandoned, out AllocationSite? second));
        Assert.Same(AllocationSite.Unknown, second);
    }

    [Fact]
    public void An_interrupt_is_left_to_the_program()
    {
        Thread.CurrentThread.Interrupt();
        _ = new DisposalSites().Find(typeof(int), isExact: true);
        Assert.Throws<ThreadInterruptedException>(static () => Thread.Sleep(1));
    }

    private static AllocationSite Below(int depth, Func<AllocationSite> find)
    {
        AllocationSite found = depth == 0 ? find() : Below(depth - 1, find);
        GC.KeepAlive(find);
        return found;
    }

    private static int Line([CallerLineNumber] int line = 0) => line;

    private static string Site(int line) => $"{nameof(DisposalSitesTests)}.cs:{line}";

    /// <summary>A type for whose name there is no memory.</summary>
    private sealed class Nameless() : TypeDelegator(typeof(int))
    {
        [SuppressMessage("Usage", "CA2201", Justification = "It is what the runtime throws.")]
        [SuppressMessage("Design", "CA1065", Justification = "It is what the runtime does.")]
        public override string ToString() => throw new OutOfMemoryException();
    }
}
