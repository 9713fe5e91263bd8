"""Files that PyTorch 2.13.0 wrote, compressed with zlib and coded in base 85."""

import base64
import zlib


def content(text):
    """The bytes of a file."""
    return zlib.decompress(base64.b85decode("".join(text.split())))


# a dictionary of tensors of several kinds, sizes, a state_dict
ZIP = """
c-pO4+jA3D7~dpqS{5iRA}y#`1vMa~+1$geb-
{oJp<O^@72_t^CJSjcUvkn5S}9@*^)iDz@#N@(qt5u?o8yba=wHBtZ@xG@IF1kg3H4ky>7Iin(74k*o9&+8<$UMc?`t}q@^nd3Z?AOU(JyV4^lGk
X&KM(k9qIncrBYJulP0-i(Y*kYFYUsBIdJ8Wg%SQt9hs$?oT(bwx>?F+kWsE#)yzy#2Di_b?!l95c&1)3z{4PNvSjJ#Ec>MlU6e2Y-
DwZL<|=jYro0GxCQ?$$o$@R}Z_1N$Ey0H6T+S+$j2tqpa!o!{%^OuCf85L=8RWehY(%h0gUxBYL}|t}W}&Z$4HP}au3~qQQf`^ROzsBslVM=FNKj
i5Jf^|6v>T(cQ}8&$*hW?AREf5{Zl_)q7{r8b1Vhwg19qfb4cN&DpFr@W22at6IoQSV9kZq@C1Z|X|I>785QZ_Q3&Asl6Vp9QhTV*F4}#}3c%Dwo
!VA1d%PO_F*ye;_FY~w0_V*&;+RwNSAn<E2LW5mbq7Z1ak0BY9RXM-Cm-6{Cny(o7mU56Phatq2!}cm7WQa25nC-
Z3mT^pFh$Bd7aF7BkaA*x56}_rY8_1~2aJadl6cT|WEMiA(tx+<JF|C&ns2Uu*L2r&<hnF=-
(#)utmkl^!J2{JQWH?E1uQcFQ4N^1@@(51ZGp1Mq$nY8sSl*a{)Al3$+00@18Ooch=XDq-c{-
ti#!}g`;OrW!s^MkT3_Hj&oNGqcsG54oysVQPmoo(eWlH+IRmUlQKHZNw?P&~61YU2z8ycj2Tuz*_%7xa>yh)=Kg-
IN(E(C9}_sYElZ{rL0dx1sl9RwK--sM6Z1D$PW)=s1x300l}3<Oge6pAMqTd@JA1{ZH2xU>W%4W?-
*Yk4Ts*_JO&>Q2BvYnX*1f(j=T2Vg=~x|f8n#@rz$R!1<S!ED+~IkKi+gE@{N0rM;yF5B7g9vR+e=mi8HXmF*z0E_7jcyb0Oluqg#T&2%H^rcA^g
lh}%5v^D=Mzw}_02(P*%`Q(%3vj*Ix>w-F0xZ+}dM!&c02y-
#KBlYw^*i{4PAkKw7vM8r%5`F_i&fgwM%_Q2>gm1y(>~>7w<M8se9gK%D1};e**|4fr*)LEy(QHVp**)e6e9fNKfhli*2uZG@J=bVDr~>=8JwAg^
0ZM#Nj3DS+T@6aiGk5s_=^O|{Xhc)(rC*-b{-
iPDfdbB(0X*6N6AE}WDpOHBlmWYRPsL1L!We%>xv_Rq<XLe1B`WX6c1zg2cL`h{Bn#q8oc@E=R^3xP#Z`4c}Gf8^*ywsJEPJaqSZ4od5@%HR~xM{
UMrYX4|fv&$>!RLhncTO{Y134jfca$hfq?DuiJx5BFaDS{w3W$|N11AR}LrDqaCe&a&l#b=u6Vd$~yETo$HhM69*SBe)au2_CMPB{<Fg+C^heiw{
3yOxncZyxQ(|xyti0V9hM$0|5yxePI!M?NB+e-$-
n<0{}Y|*k5TRAyMKJse*d>PDsZdkbX0#sGEu+#Md5t={NE)7R~ryrI`_9x#>^*G|09}Ff}vO}sszG;cr+0XN8*8KOo>GU0VNSvA~7W#3WtM<NQAg
FPG8l1*oTk0bP=;HpU&Rhf1h*ldz6TFHsC=HdAnO$tJ{kt&L+B(Z=7D~0i9dqaW=vMj^~zxr`3Q(xU*~Zaq#UulF&Ovtg{R8*l$IwB4V9y50Bl}D
`0~n)>;2~>}?Sn60y$O&11K25U^np>#Vvw_Lhi^h*)P;6xJ&X*r<qgRyrR0gNThie4K|i3fQ=abygW6&LTD;Vx2W&3%}k?l30~Qu=Ca3#Ru8}{_m
nPp7MJ4H%pM`fa4z|{Pk}SyT&&+TbGx7Z;*BmthTiARJWI5`ssW&_g};b5Sj
"""
# the same without uint16, with _use_new_zipfile_serialization=False
SEQUENCE = """
c-nPT>2}*h7`0?)6LevxtYvpuj2FdrSQ^uo6i}Ns3X52RkmZS`qFBDtI2)K6I1VY#&>#GSx9B-
M4UfP%{NS6B;uC{1=Xk7{`R3klx$}+GU$x+$yDNX6zxDggbET1b{jWUDL*$Cq*<3Eyk3t^0VPJ2wDE7l16f&?*(MjNQ9x$8rI=<6`dT431$@luqj
{SWWBR@o;XwA@O?1d4>jG<b2TKPSWS)*VT1V-5FV$LWG21lF<?e0Qxc^J7~$sTY&h&4N6?SUV3Y|eUd7}?uZ4QjDy%?WU_bh-
@r<chWugbrU%HZ>Hi(`2)x>y>JwTC3<4z1hT!^uz5B$dB1oj=41>XQ)R00P{xPP!6zg$EA=1=5mTS)^0={7O~D1-
{l&#3nuR4xZlJn8N#;Dc5vDwcf7opNq5FeXwI$?x;n-KVtVk7Cy*ZEc-
X`vmP*&!n|L(ANkh3LW2w|9(L8nxUSHJdLvP}7f>#OtoQz_OCk$nbClmOmIG#4~jLfQwXQ$9Fhg<!C?M~<G{1ij2+9+3bJVy))F+49A2>b;xy_hh
(#PPC;S0qCl#cBV;Fqj};m_lA6;6@d%roO+H`u@5=ej`CHalC1wERp-DoS=xl6FFOqvq(cVqX@d*s8^bL8MQP9J&j>eO!b7R!O=9abSM{Z{erhmy
d!HXgp7C7Xx3?=;i9;=JVwjJd$MXBj!UV<W>PK<m!-
fuY#Ue7Bl`ATy8gbzbq5^>D?({kO?;53F%0qH2{FbLWXw|WYxpQNi&^A5fxqtvm1=gEaXWDK!U2iYkZ(6NOKuB-YhzqDu{vF)YxD*uRk|^)u*OoE
s&tcbSD@UjCGSK%fJuMk{d$tWk2yXu@o852>*Z=yuhj8bT4*aR^yeatUnJMR<oL?OhIcW+{(21C#5ac=&H>scT$$#$gO0RjMQfhc<<buGyB^2p|7
q*BdPA>K?a@tXJy~^u?kAq#N~pi(2uy5Qvl6lGJ285hc#GxoVxx{QRZ%}x5yTWFSTP4TF&GT7Z7tAMn`G&99PVI8p6?bd+Rb5ah<(|)jymdhh7wD
am+}1&LvOOK;D;e@%k>~`OXYC3%Q2D}`STC_D9w8KX#+nO4drS}n9x{dqMvSvewq=4l9eent8?YEUQ!{eMa*RBW;Ux`&1Ln0`7F&Wu#%EH8m*Q(`
5rBcjoIAsk?aXO`ljD+E#=sm@*lfGZh9yutdBVFE$8m3le1}0M$7*K2pHF`
"""
# nn.Linear(1, 1)
MODULE_ZIP = """
c-o~^&2Jk;6kpqk?QDwkQQDBS4d38E>v;W@x=otaAYY6iHD9YrXf$4ry-PN`dAqZ5Qz=qW722MVkhr0q`470ki9dj<+_-V#0vB#bh?&{M-
d)FuAS12EJMZ^<zc=&Vo84$6#w017mWIZ(G%I08(~TXn+{P5=wl~dsEhF6tjr(zp+6<MmtlXB}_DtgDOv57Bk>B$tke0rH*dD~QDp#QnHY~&HLgJ
A+$==a6cJLOV#BpJ455}`<lCAcL(bXv=51b>98m22FhqOGyY!5gxq((p}v0U3hI|Uii*{qskPF;q?T>=w6MXsARrXTu?GRSI-Ve&AkCfKZPdvK-
^qww7AhSZ2PVqZeWpQavbnr)gyqlRs{@&`_vIHdiqp-~y8mzpp`VYUfpAL;z%`G;_>3FlRI#!}0`F3jmEoyDV1=)Rr;FX%#NUg+$@0{^-
2Sg<crxYUG2-
_?r`;iV?L?1@uEEw9tzNA}7dysBQ{E0%4cZMI~%Z0qz8fLuc1H4PztD%7wLlG%z3uYU$_?8BQ)$f{?BKdf!`u)~hlAxO9FO&6Ag>|5$o$nM+T7Pi
akd2TaY)bUI+jDaifs~K+X*iL|$6U1e8VaSAf2GtRF&~+g%V2XNi7>3Or-
gS|NSq|Dz5Wu238w3vaP!i^{x_G2HBv}#A6?KL~U5Y6|ZI;vnM^}Zls-BBj2U6Dr;<~>xR$1+%VXFeR=I3k(X1j-iHw13o&-
OuQ!OcCmCAx+svO_TS9JW|%#MCov&GzVE@tsD@Yvnc?sr1@c_wGJnCC#6Wk=;HgUFvsxjvdq%rf7#(lWo;&^O2?x424U4|L3m{cro*5w8Vn6GLSg
vMV3vYYi+TDt=Ed9RYs3Wi3hOWgWuy!B7STDGtzoLfYvT0HgDZ}?fU=GJshS%sY!SY`)j|=^Q$X)Yz!IcM(9>u&ev<#P7%QU&gzd`{nLrhzvGw8*
a_-4!|F=CwtAZF-}$TX(+^z#>!*KzbF%(aAOrpCI@S3XWv>47lkUeS=YLTu3<^+e-zAR0D)1iWcR4cJ^;+&f29qyW6eWMPTqstQYGox~E>uf-rJ6
4*rGlbVi{)aeR47;TJj&f~|M?}$;>e09V?5Y?oWU-
g9*R8r9gebt4LBEK{*jPI^>x%qu!$BzPHvA$$8>JgPp}bYLVlhG{PY_zN)J|YCPe>aT#EEglpCzVF!x!Mt3<iM8k!1mKT1l`s*RF^sa*{3IY2(T=
r$V3<mJN>O<d_S(~)^H?$38q{>*sd--8MN-M@XulRhUc@ILlmDj<H{
"""
# the state_dict of Adam after one step
OPTIMIZER = """
c-pO2+i%-
c7(cl*&9c%<80}V|+{SR(mgb(cYnu^R`e134AcQrkvQF*O*u!b^*~i^FsnVorMbQufanYVYNIdd@!~^gj@X#Ugh{OW|@qmOh@x;SkILB^N+ocOM9
Lu(1pWo#>-}%0HS&T#xipSA`F^ZB1n~J7ykQo(IoNB*i)T+biif`NuZvhgd0S2%rrUXJ;5EewV1rb4tI!{R(q6%#>s+4R~-LMj}Nmgy$P-
RNit(GZoWD_tT2-2W4zh&YEftU+P)QlFUue%QuFeruCoHWFx2)iq78;*$~3W?W5G(Fu>l$K!-h3c(!EAgtS5|gN}=n751@##7YQFx>d!;T8M-
j?x314cBatHm^zHv^;EF)>VGjPZ#fF}w{)F)W6*;n9x9DNay$tPbN+VxK~`0497aSvcvkoa(Ynx-
5^oEKg8)vJO+W$kys9L5up(Ie1!gVtU4n$w53z;ki1T*8Fz!@Vq<qj3aa#Uf>tOg-la;u?}Z7zqbOMb0Oz<At`>DaUp36nL1=`TN+|h+t|cSxnZ{
KwgtHr$ZtVGkizVZVM1}K^0T{5oYb!piY+KDRsPuF<K9x`{$Jn!IR5t8Z74gLB8+2pY4OtLyT7F0nREEB5xt>NStSbIggFs8dBIJqVPX|7bR@ndo
A|ok)Nc@&?>Mj5S|-7Y1`C&+6eze&Z4<8=1Qt8eFnglvYilg)>r{81RyvNoHQOR8T)Zre^C?7OAsIxKeGXpgNU^=BEvT-*%K~2^Vq-hCEDpvWY~M
Na8;hQw%ZC=t1RC!aO^Uf~Vk&PC(_%ZaR!s(KhmQ>B{`&q;w|I8=c{ukZD(!RcmWhlFy|Lb80oSUzf1vL<ig|9Jat(gxnGHYGz!<7@4Xkcb(&80X
t6n&Y?%ptTN)5t2++O(g6wg5Hp&o|OqOU8>q-)i=J`5mqv%=M{Uj6I~-
maoO)GzwgGqvh`KjB}wx3jarPwwILo5>HjXuOAqdB2Bjty(^^hgR~|96!1Kx1URwj-a3GN59YY&;K9m&-
K5o{~11lexYCey|r(ygzog#AMsRRx2^P5f4Kx#|KXFy8@=m)3T5{jkQ2T|Or3S08<_v)%DP&srv9UuOtx4q6id0;;%qU`j%+cLNf)z)aw(H5u%nb
Ol#8W8k-Plp)9>CBm=D2m8RBNUKE3UE^nml=cT5oNZNL*gWFdkMYv@4|ZxfyLk-YCEIncR-
Jl;k)=Hp35(ZL2BgnKJ#*a!bOiUPeei1l_LKla2x0GkP7z1_o)y&J@4|Gnpvu>dv~#Cj{&kNq%+%?GjGstd$B7{C^SSZ~dY_;o$lL-
vYyD^K}z97jEhY*~!O&h3?C<a`%76u3VKyZ3K)H5rb7L!qyZyT9G9je(ep8FJ>kbN>b!HpJQ
"""
