using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NativeBuffers.Blocks;
using NativeBuffers.Blocks.Cache.Heaps;

namespace NativeBuffers.Tests.Models;

/// <summary>The model of hot places is about the code that is: the order of the steps, and each place that writes a hot place.</summary>
public partial class HotTieTests
{
    [Theory]
    [InlineData("/* WithdrawnBlocks.Withdraw", "hot = 0;", nameof(WithdrawnBlocks.Withdraw), "hot, note=, close, note=")]
    [InlineData("/* WithdrawnBlocks.Settle", ":: slot && hot > NO_ROOM", nameof(WithdrawnBlocks.Settle), "note, hot, release, note=")]
    [InlineData("inline putBack", "\n}", nameof(WithdrawnBlocks.TryPutBack), "note, lock, note, hot=, note=")]
    public void A_method_takes_these_steps_in_the_model_and_in_the_code(string start, string end, string method, string steps)
    {
        string model = Mutation().Replace(Repository.Read($"{Model.Folder}/hot.pml"), "$1");
        model = model[model.IndexOf(start, StringComparison.Ordinal)..];
        Assert.Equal(steps, Steps(model[..model.IndexOf(end, StringComparison.Ordinal)]));
        Assert.Equal(steps, Steps(Method(nameof(WithdrawnBlocks), method)));
    }

    [Fact]
    public void A_visitor_looks_at_the_thread_before_it_withdraws_and_again_after_the_barrier_and_then_at_the_place()
    {
        Assert.Matches(
            new Regex(@"Announce\([^;]*IsAtRest\(thread\).*MemoryBarrierProcessWide.*Visit\([^;]*IsAtRest\(thread\)", RegexOptions.Singleline),
            Method("CacheVisits", "Visit"));
        Assert.Matches(new Regex(@"ThreadState\.WaitSleepJoin.*Barrier\(\)", RegexOptions.Singleline), Method("WithdrawnBlocks", "IsAtRest"));
        Assert.Matches(new Regex(@"TryPutBack.*TryReserveHot.*Hot = null", RegexOptions.Singleline), Method("ThreadCache", "Opened"));
    }

    [Fact]
    public void Each_path_that_takes_the_hot_slot_closes_the_place_again_if_it_was_closed()
    {
        MethodDeclarationSyntax[] taking =
        [
            .. from method in Methods
               where method.Body is { } body && body.ToString().Contains("ThreadCache.TakeHot(", StringComparison.Ordinal)
               select method,
        ];
        Assert.NotEmpty(taking);
        Assert.All(
            taking,
            static method => Assert.Matches(
                new Regex(@"ThreadCache\.TakeHot\([^;]*;\s*if \(slot (<=|>) Bin\.NoRoom\)\s*\{\s*(//[^\n]*\s*)?(return slot;\s*\}\s*)?Bin\.StayClosed\("), method.Body!.ToString()));
    }

    [Fact]
    public void No_other_place_writes_a_hot_place()
    {
        string[] writes =
        [
            .. from file in Repository.Source
               where file.Path.StartsWith("src/NativeBuffers/", StringComparison.Ordinal)
               from write in file.Tree.DescendantNodes().OfType<AssignmentExpressionSyntax>()
               where write.Left.ToString().EndsWith("->Hot", StringComparison.Ordinal)
               select $"{Path.GetFileNameWithoutExtension(file.Path)}: {write}",
        ];
        Array.Sort(writes, StringComparer.Ordinal);
        Assert.Equal(
            [
                "AllocatePath: bin->Hot = null", // take, out of line: after it has found a slot.
                "Bin: bin->Hot = NoRoom", // StayClosed.
                "ChargedPath: bin->Hot = slot", // The slot that this thread has just taken from there.
                "CloseProtocol: home->Hot = slot", // give.
                "FreePath: home->Hot = slot", // give.
                "SharedHandle: _home->Hot = _slot", // give.
                "ThreadCache: bin->Hot = null", // takeHot.
                "ThreadCache: bin->Hot = null", // opened.
                "WithdrawnBlocks: ThreadCache.BinOf(cache, sizeClass)->Hot = (Slot*)slot", // putBack.
                "WithdrawnBlocks: bin->Hot = Bin.NoRoom", // The thread has ended.
            ],
            writes);
    }

    private static IEnumerable<MethodDeclarationSyntax> Methods =>
        from file in Repository.Source
        where file.Path.StartsWith("src/NativeBuffers/", StringComparison.Ordinal)
        from method in file.Tree.DescendantNodes().OfType<MethodDeclarationSyntax>()
        select method;

    /// <summary>The accesses to the words of the model, in words for the model and for the source.</summary>
    private static string Steps(string text) => string.Join(
        ", ",
        from Match step in Step().Matches(text)
        select step.Value switch
        {
            "hot = LOAD(1, HOT)" or "ReadHot()" => "hot",
            "STORE(0, HOT, found)" or "Hot = (Slot*)slot" => "hot=",
            "CAS(1, HOT" or "CompareExchange(" => "close",
            "room = 0" or "ReleaseHot(" => "release",
            "locked == 0 ->" or "Lock.Enter()" => "lock",
            _ when step.Value.StartsWith("STORE", StringComparison.Ordinal) || step.Value.StartsWith("Volatile", StringComparison.Ordinal) => "note=",
            _ => "note",
        });

    /// <summary>The text of the last method with this name.</summary>
    private static string Method(string type, string name) => Repository.Source
        .Single(file => file.Path.EndsWith($"/{type}.cs", StringComparison.Ordinal))
        .Tree.DescendantNodes().OfType<MethodDeclarationSyntax>().First(method => method.Identifier.Text == name).Body!.ToString();

    [GeneratedRegex(
        @"hot = LOAD\(1, HOT\)|ReadHot\(\)|STORE\(0, HOT, found\)|Hot = \(Slot\*\)slot|CAS\(1, HOT|CompareExchange\(|room = 0|ReleaseHot\("
        + @"|locked == 0 ->|Lock\.Enter\(\)|STORE\(\d, NOTE, \w+\)|Volatile\.Write\(ref note, \w+\)|= LOAD\(\d, NOTE\)|= note;|HasAny\(")]
    private static partial Regex Step();

    /// <summary>A branch for a mutation, and the branch that the code has.</summary>
    [GeneratedRegex(@"#ifdef \w+\n(?:(?!#).*\n)*#else\n((?:(?!#).*\n)*)#endif\n|#ifdef (?!DROP)\w+\n(?:(?!#).*\n)*#(?:endif|elif[^\n]*)\n|#ifndef \w+\n|#endif\n")]
    private static partial Regex Mutation();
}
